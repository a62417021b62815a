import FreshetPartialJSON

extension RequestMembers {
    /// Of a Chat Completions request: those of its inventor, and those that compatible services added.
    package static let openAIChat = RequestMembers(
        "Chat Completions",
        read: [
            "messages", "model", "stream", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k",
            "frequency_penalty", "presence_penalty", "seed", "stop", "tools", "tool_choice", "parallel_tool_calls",
            "response_format", "reasoning_effort", "reasoning", "thinking", "user", "safety_identifier",
        ],
        dropped: [
            "freshet", "stream_options", "metadata", "store", "service_tier", "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention", "prediction", "verbosity",
        ],
        refused: [
            "logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "functions", "function_call", "moderation",
            "web_search_options",
        ],
        neutral: [
            "logprobs": [false], "top_logprobs": [0], "logit_bias": [[:]], "modalities": [["text"]], "functions": [[]],
            "function_call": ["auto", "none"],
        ])

    /// Of a native request.
    package static let native = RequestMembers(
        "Chat Completions",
        read: [
            "model", "system", "messages", "parent", "tools", "tool_choice", "max_tokens", "temperature", "top_p",
            "stop",
            "seed", "response_format", "reasoning",
        ],
        dropped: ["freshet", "metadata"], refused: [])
}
