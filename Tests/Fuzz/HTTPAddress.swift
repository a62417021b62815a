import FreshetHTTPWire

/// Hosts, URLs and queries never trap, and what they give can be written into a request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: FuzzInput(start, count).bytes, as: UTF8.self)
    _ = try? HTTPQuery(parsing: text)
    _ = try? HTTPPath(parsing: text)
    if let host = HTTPHost(parsing: text) {
        let written = host.bracketedName + (host.port.map { ":\($0)" } ?? "")
        expect(HTTPHost(parsing: written) == host, "a host changed on its way")
    }
    for prefix in ["", "http://"] {
        guard let url = try? HTTPURL(parsing: prefix + text) else { continue }
        var (fields, bytes) = (HTTPFields(), [UInt8]())
        fields.append("host", url.hostField)
        let target = url.target(appending: "/x")
        guard (try? HTTPEncoder.encodeRequest(method: "GET", target: target, fields: fields, into: &bytes)) != nil
        else { fatalError("a URL cannot be asked") }
    }
    return 0
}
