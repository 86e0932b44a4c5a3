"""A ``vllm serve`` that is started, watched and stopped by the assistant."""
