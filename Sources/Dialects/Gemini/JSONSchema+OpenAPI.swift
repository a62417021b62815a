import FreshetPartialJSON

extension JSONValue {
    /// Gemini's `Schema`, a part of OpenAPI 3.0, as JSON Schema: types in small letters, `nullable` as a type beside, counts
    /// that are strings as numbers. What both call the same stays as it is.
    ///
    /// Nesting is bounded by what the reader of JSON accepts.
    var jsonSchema: JSONValue {
        guard let members = objectValue?.members else { return self }
        let isNullable = self["nullable"]?.boolValue == true
        var schema: [JSONObject.Member] = []
        for member in members {
            guard let (name, value) = Self.keyword(member) else { continue }
            switch (name, value) {
            case ("type", .string) where isNullable: schema.append(.init(name: name, value: [value, "null"]))
            case ("enum", .array(let values)) where isNullable:
                schema.append(.init(name: name, value: .array(values + [.null])))
            default: schema.append(.init(name: name, value: value))
            }
        }
        return .object(JSONObject(schema))
    }

    /// Nil for what JSON Schema has no word for.
    private static func keyword(_ member: JSONObject.Member) -> (String, JSONValue)? {
        let value = member.value
        switch member.name {
        case "type":
            let type = value.stringValue?.lowercased()
            return type == "type_unspecified" ? nil : ("type", type.map(JSONValue.string) ?? value)
        case "items": return ("items", value.jsonSchema)
        case "anyOf", "any_of": return ("anyOf", .array((value.arrayValue ?? []).map(\.jsonSchema)))
        case "additionalProperties", "additional_properties": return ("additionalProperties", value.jsonSchema)
        case "properties": return ("properties", value.mappedMembers)
        case "defs", "$defs": return ("$defs", value.mappedMembers)
        case "ref", "$ref": return ("$ref", value)
        case "maxItems", "max_items": return ("maxItems", value.asNumber)
        case "minItems", "min_items": return ("minItems", value.asNumber)
        case "maxLength", "max_length": return ("maxLength", value.asNumber)
        case "minLength", "min_length": return ("minLength", value.asNumber)
        case "maxProperties", "max_properties": return ("maxProperties", value.asNumber)
        case "minProperties", "min_properties": return ("minProperties", value.asNumber)
        case "propertyOrdering", "property_ordering", "example", "nullable": return nil
        case "format" where value == "enum": return nil
        default: return (member.name, value)
        }
    }

    private var mappedMembers: JSONValue {
        guard let members = objectValue?.members else { return self }
        return .object(JSONObject(members.map { .init(name: $0.name, value: $0.value.jsonSchema) }))
    }

    private var asNumber: JSONValue { stringValue.flatMap { Int($0) }.map { .number(JSONNumber($0)) } ?? self }
}
