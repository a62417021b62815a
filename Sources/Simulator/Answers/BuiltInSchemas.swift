import FreshetPartialJSON

/// What is called and described where a request brings nothing of its own.
enum BuiltInSchemas {
    static let weather = SimulatorRequest.Tool(
        name: "get_weather",
        parameters: [
            "type": "object",
            "properties": [
                "city": ["type": "string"], "unit": ["type": "string", "enum": ["celsius", "fahrenheit"]],
                "days": ["type": "integer", "minimum": 1, "maximum": 7],
            ],
            "required": ["city", "unit", "days"],
        ])

    static let article: JSONValue = [
        "type": "object",
        "properties": [
            "title": ["type": "string"], "summary": ["type": "string", "minLength": 60],
            "author": [
                "type": "object",
                "properties": ["name": ["type": "string"], "verified": ["type": "boolean"]],
            ],
            "published": ["type": "string", "format": "date"], "tags": ["type": "array", "minItems": 2],
            "rating": ["type": "number", "minimum": 0, "maximum": 5], "editor": ["type": "null"],
            "sections": [
                "type": "array", "minItems": 2,
                "items": [
                    "type": "object",
                    "properties": [
                        "heading": ["type": "string"], "words": ["type": "integer", "minimum": 10, "maximum": 900],
                        "body": ["type": "string", "minLength": 80],
                    ],
                ],
            ],
        ],
    ]
}
