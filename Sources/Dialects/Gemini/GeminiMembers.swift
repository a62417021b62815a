import FreshetPartialJSON

extension RequestMembers {
    /// Of a `generateContent` request.
    package static let gemini = RequestMembers(
        "Gemini",
        read: [
            "model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings",
        ],
        dropped: ["freshet", "labels", "serviceTier", "store"],
        refused: [
            "cachedContent", "modelArmorConfig", "continuationToken", "automaticContinuation", "generationOutputConfig",
        ],
        neutral: ["automaticContinuation": [false]], takesSnakeCase: true)

    /// Of `generationConfig`.
    package static let geminiGeneration = RequestMembers(
        "Gemini",
        read: [
            "temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "presencePenalty",
            "frequencyPenalty", "seed", "responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig",
        ],
        dropped: ["mediaResolution", "enableEnhancedCivicAnswers"],
        refused: [
            "responseLogprobs", "logprobs", "responseModalities", "speechConfig", "imageConfig", "audioTimestamp",
            "audioTranscriptionConfig", "routingConfig", "modelSelectionConfig", "responseFormat", "translationConfig",
            "enableAffectiveDialog",
        ],
        neutral: [
            "responseLogprobs": [false], "logprobs": [0], "responseModalities": [["TEXT"], []],
            "audioTimestamp": [false],
            "enableAffectiveDialog": [false],
        ],
        takesSnakeCase: true)

    /// Of `toolConfig`.
    package static let geminiToolConfig = RequestMembers(
        "Gemini", read: ["functionCallingConfig"], dropped: ["retrievalConfig", "includeServerSideToolInvocations"],
        refused: [], takesSnakeCase: true)

    /// Of one of `tools`: all but functions are Google's own.
    package static let geminiTool = RequestMembers(
        "Gemini", read: ["functionDeclarations"], dropped: [],
        refused: [
            "retrieval", "computerUse", "fileSearch", "googleSearch", "googleMaps", "codeExecution",
            "enterpriseWebSearch", "googleSearchRetrieval", "parallelAiSearch", "urlContext", "mcpServers",
            "exaAiSearch",
        ],
        neutral: ["mcpServers": [[]]], takesSnakeCase: true)
}
