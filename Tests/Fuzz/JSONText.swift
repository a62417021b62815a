import FreshetPartialJSON

/// A value that was read is written and read again the same; splicing leaves JSON that holds what was spliced in.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = FuzzInput(start, count).bytes
    guard let value = try? JSONValue(parsing: text) else { return 0 }
    guard let again = try? JSONValue(parsing: value.bytes) else {
        fatalError("what was written cannot be read")
    }
    expect(again == value, "reading what was written gave another value")
    guard value.objectValue != nil else { return 0 }
    let edits: [JSONSplice.Edit] = [("model", Array("\"m\"".utf8)), ("stream", nil)]
    guard let spliced = try? JSONSplice.applying(edits, to: text.span), let object = try? JSONValue(parsing: spliced)
    else { fatalError("splicing a JSON object failed") }
    expect(object["model"]?.stringValue == "m" && object["stream"] == nil, "an edit was lost")
    return 0
}
