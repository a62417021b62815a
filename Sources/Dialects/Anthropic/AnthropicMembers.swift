import FreshetPartialJSON

extension RequestMembers {
    /// Of a Messages request, betas included.
    package static let anthropic = RequestMembers(
        "Anthropic's Messages",
        read: [
            "model", "messages", "system", "stream", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences",
            "tools", "tool_choice", "thinking", "output_config", "output_format", "metadata",
        ],
        dropped: [
            "freshet", "cache_control", "service_tier", "speed", "diagnostics", "betas", "billing_policy",
            "fallback_credit_token", "user_profile_id", "workspace_id",
        ],
        refused: [
            "container", "mcp_servers", "context_management", "compaction", "fallbacks", "inference_geo", "thread",
        ],
        neutral: ["mcp_servers": [[]], "fallbacks": [[]]])

    /// Of `output_config`.
    package static let anthropicOutput = RequestMembers(
        "Anthropic's Messages", read: ["effort", "format"], dropped: [], refused: ["task_budget"])
}
