/// Which kinds of containers are open, innermost last: one bit each, so that nesting costs no memory and no recursion.
struct Nesting: Equatable, Sendable {
    static let capacity = 128
    private var objects: UInt128 = 0  // lowest bit: innermost; 1 is an object, 0 an array
    private(set) var depth = 0

    var isInObject: Bool { objects & 1 == 1 }

    mutating func open(object: Bool) {
        objects = (objects &<< 1) | (object ? 1 : 0)
        depth &+= 1
    }

    mutating func close() {
        objects &>>= 1
        depth &-= 1
    }
}
