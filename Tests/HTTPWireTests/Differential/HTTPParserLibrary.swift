import Glibc

/// Debian's `http_parser`, which nobody here wrote: loaded when a test runs, so that building needs nothing of it.
///
/// Its two structs are written down here by their offsets, as version 2.9 has them:
/// ```
/// http_parser:   0 flags | 4 read | 8 length | 16 major, minor | 20 status:16 method:8 errno:7 upgrade:1 | 24 data
/// settings:      begin url status field value headersComplete body messageComplete chunkHeader chunkComplete
/// ```
struct HTTPParserLibrary: Sendable {
    typealias Execute = @convention(c) (UnsafeMutableRawPointer, UnsafeRawPointer, UnsafePointer<UInt8>?, Int) -> Int
    let initialize: @convention(c) (UnsafeMutableRawPointer, Int32) -> Void
    let execute: Execute
    let shouldKeepAlive: @convention(c) (UnsafeRawPointer) -> Int32
    let methodName: @convention(c) (UInt32) -> UnsafePointer<CChar>
    let errorName: @convention(c) (UInt32) -> UnsafePointer<CChar>

    /// nil where it is not installed, or is of a version with other structs.
    static let installed = HTTPParserLibrary()

    private init?() {
        guard let library = dlopen("libhttp_parser.so.2.9", RTLD_NOW) else { return nil }
        func function<Type>(_ name: String, as type: Type.Type) -> Type? {
            dlsym(library, name).map { unsafeBitCast($0, to: type) }
        }
        guard let version = function("http_parser_version", as: (@convention(c) () -> UInt).self),
            version() >> 8 == 0x0209,
            let initialize = function(
                "http_parser_init", as: (@convention(c) (UnsafeMutableRawPointer, Int32) -> Void).self),
            let execute = function("http_parser_execute", as: Execute.self),
            let shouldKeepAlive = function(
                "http_should_keep_alive", as: (@convention(c) (UnsafeRawPointer) -> Int32).self),
            let methodName = function(
                "http_method_str", as: (@convention(c) (UInt32) -> UnsafePointer<CChar>).self),
            let errorName = function("http_errno_name", as: (@convention(c) (UInt32) -> UnsafePointer<CChar>).self)
        else { return nil }
        (self.initialize, self.execute, self.shouldKeepAlive) = (initialize, execute, shouldKeepAlive)
        (self.methodName, self.errorName) = (methodName, errorName)
    }
}

/// One parse by `http_parser`.
final class OracleParse {
    /// What both parsers can say of a message.
    private(set) var messages: [SeenMessage] = []
    /// The name of what it refused; nil when it did not.
    private(set) var refusal: String?

    private let library: HTTPParserLibrary
    private let isResponse: Bool
    private var methods: ArraySlice<String>
    private let parser = UnsafeMutableRawPointer.allocate(byteCount: 32, alignment: 8)
    private let settings = UnsafeMutableRawPointer.allocate(byteCount: 80, alignment: 8)
    private var isInValue = true
    private var isInTrailers = false

    /// - Parameter methods: What the responses answer, in order; nil to parse requests.
    init(_ library: HTTPParserLibrary, responsesTo methods: [String]?) {
        self.library = library
        (isResponse, self.methods) = (methods != nil, (methods ?? [])[...])
        parser.initializeMemory(as: UInt8.self, repeating: 0, count: 32)
        library.initialize(parser, isResponse ? 1 : 0)
        parser.storeBytes(of: Unmanaged.passUnretained(self).toOpaque(), toByteOffset: 24, as: UnsafeRawPointer.self)
        settings.initializeMemory(as: UInt.self, repeating: 0, count: 10)
        set(0) { OracleParse.of($0).began() }
        set(1) { OracleParse.of($0).add(\.target, $1, $2) }
        set(3) { OracleParse.of($0).name($1, $2) }
        set(4) { OracleParse.of($0).value($1, $2) }
        set(5) { OracleParse.of($0).headEnded() }
        set(6) { OracleParse.of($0).add(\.body, $1, $2) }
        set(7) { OracleParse.of($0).ended() }
    }

    deinit {
        parser.deallocate()
        settings.deallocate()
    }

    func receive(_ bytes: ArraySlice<UInt8>) {
        guard refusal == nil, !bytes.isEmpty else { return }
        bytes.withUnsafeBufferPointer { _ = library.execute(parser, settings, $0.baseAddress, $0.count) }
        noteRefusal()
    }

    func finish() {
        guard refusal == nil else { return }
        _ = library.execute(parser, settings, nil, 0)
        noteRefusal()
    }

    private func noteRefusal() {
        let error = state >> 24 & 0x7F
        if error != 0 { refusal = String(cString: library.errorName(error)) }
    }

    // MARK: Callbacks

    private typealias Mark = @convention(c) (UnsafeMutableRawPointer) -> Int32
    private typealias Piece = @convention(c) (UnsafeMutableRawPointer, UnsafePointer<UInt8>, Int) -> Int32

    private func set(_ place: Int, _ callback: Mark) {
        settings.storeBytes(of: callback, toByteOffset: place * 8, as: Mark.self)
    }

    private func set(_ place: Int, _ callback: Piece) {
        settings.storeBytes(of: callback, toByteOffset: place * 8, as: Piece.self)
    }

    private static func of(_ parser: UnsafeMutableRawPointer) -> OracleParse {
        let data = parser.load(fromByteOffset: 24, as: UnsafeRawPointer.self)
        return Unmanaged<OracleParse>.fromOpaque(data).takeUnretainedValue()
    }

    private var state: UInt32 { parser.load(fromByteOffset: 20, as: UInt32.self) }

    private func began() -> Int32 {
        messages.append(SeenMessage())
        (isInValue, isInTrailers) = (true, false)
        return 0
    }

    private func add(
        _ part: WritableKeyPath<SeenMessage, [UInt8]>, _ start: UnsafePointer<UInt8>, _ count: Int
    ) -> Int32 {
        messages[messages.count - 1][keyPath: part] += UnsafeBufferPointer(start: start, count: count)
        return 0
    }

    private func name(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        if isInTrailers { return 0 }
        if isInValue { messages[messages.count - 1].fields.append(SeenMessage.Field()) }
        isInValue = false
        return add(\.lastName, start, count)
    }

    private func value(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        if isInTrailers { return 0 }
        isInValue = true
        return add(\.lastValue, start, count)
    }

    private func headEnded() -> Int32 {
        var message = messages.removeLast()
        message.isHeadWhole = true
        message.version =
            Int(parser.load(fromByteOffset: 16, as: UInt16.self)) * 10
            + Int(parser.load(fromByteOffset: 18, as: UInt16.self))
        message.status = isResponse ? Int(state & 0xFFFF) : 0
        message.method = isResponse ? "" : String(cString: library.methodName(state >> 16 & 0xFF))
        // It says where the next message begins only of what it does not take for a switch of protocols.
        if !isResponse { parser.storeBytes(of: state & 0x7FFF_FFFF, toByteOffset: 20, as: UInt32.self) }
        messages.append(message)
        isInTrailers = true
        guard isResponse else { return 0 }
        // It leaves to its user to say what has no body, and would take a 304's length for one.
        if message.isInterim { return 1 }
        return methods.popFirst() == "HEAD" || message.status == 204 || message.status == 304 ? 1 : 0
    }

    private func ended() -> Int32 {
        messages[messages.count - 1].isWhole = true
        messages[messages.count - 1].keepsConnection = library.shouldKeepAlive(parser) != 0
        return 0
    }
}
