import FreshetPartialJSON

extension GenerationRequest {
    /// The native JSON form, as `POST /v1/generations` takes it.
    public var body: [UInt8] {
        var members: [JSONObject.Member] = []
        if let model { members.append(.init(name: "model", value: .string(model))) }
        if let system { members.append(.init(name: "system", value: .string(system))) }
        members.append(.init(name: "messages", value: .array(messages)))
        if let parent { members.append(.init(name: "parent", value: .string(String(describing: parent)))) }
        return JSONValue.object(JSONObject(members + options.members)).bytes
    }
}
