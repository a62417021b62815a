import FreshetGeneration
import FreshetPartialJSON

/// The bytes around a delta's text, for as long as nothing but the text changes from frame to frame.
struct DeltaTemplate {
    private var block = -1
    private var extras: Extras?
    private var prefix: [UInt8] = []
    private var suffix: [UInt8] = []

    init() {}

    init(block: Int, extras: Extras?, frame: ArraySlice<UInt8>, hole: Range<Int>, at start: Int) {
        guard extras?.isConstant != false else { return }
        (self.block, self.extras) = (block, extras)
        prefix = Array(frame[start..<hole.lowerBound])
        suffix = Array(frame[hole.upperBound...])
    }

    func matches(block: Int, extras: Extras?) -> Bool { self.block == block && self.extras == extras }

    func write(_ payload: Span<UInt8>, into out: inout [UInt8]) {
        out += prefix
        out.appendJSON(stringContent: payload)
        out += suffix
    }
}
