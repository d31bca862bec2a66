"""DSPy 3.3's public interface, line by line: names, parameters, defaults.

`INTERFACES` maps a dotted name below `core` to its parameters as DSPy documents them; ours may have more behind them.
`MEMBERS` maps a class or module to names that it has. `DIFFERS` says what is different on purpose, and why.
"""

KINDS = [
    "module",
    "lm",
    "adapter_format",
    "adapter_parse",
    "tool",
    "evaluate",
    "compile",
    "interpreter_execute",
    "interpreter_tool_call",
    "interpreter_startup",
    "interpreter_shutdown",
]

SECTIONS = {
    "Signatures": {
        "make_signature": "signature, instructions=None, signature_name='StringSignature', custom_types=None",
        "ensure_signature": "signature, instructions=None",
        "Signature.with_instructions": "instructions",
        "Signature.append_instructions": "instructions",
        "Signature.with_updated_fields": "name, type_=None",
        "Signature.prepend": "name, field, type_=None",
        "Signature.append": "name, field, type_=None",
        "Signature.insert": "index, name, field, type_=None",
        "Signature.delete": "name",
        "Signature.equals": "other",
        "Signature.dump_state": "",
        "Signature.load_state": "state",
    },
    "Example, Prediction, Completions": {
        "Example": "base=None",
        "Example.with_inputs": "",
        "Example.inputs": "",
        "Example.labels": "",
        "Example.without": "",
        "Example.copy": "",
        "Example.toDict": "",
        "Example.keys": "include_dspy=False",
        "Example.values": "include_dspy=False",
        "Example.items": "include_dspy=False",
        "Example.get": "key, default=None",
        "Prediction.from_completions": "list_or_dict, signature=None",
        "Prediction.get_lm_usage": "",
        "Prediction.set_lm_usage": "value",
        "Completions": "list_or_dict, signature=None",
    },
    "Module": {
        "Module": "callbacks=None",
        "Module.named_parameters": "",
        "Module.named_sub_modules": "type_=None, skip_compiled=False",
        "Module.named_predictors": "",
        "Module.predictors": "",
        "Module.parameters": "",
        "Module.map_named_predictors": "func",
        "Module.set_lm": "lm",
        "Module.get_lm": "",
        "Module.deepcopy": "",
        "Module.reset_copy": "",
        "Module.batch": "examples, num_threads=None, max_errors=None, return_failed_examples=False, "
        "provide_traceback=None, disable_progress_bar=False, timeout=120, straggler_limit=3",
        "Module.dump_state": "json_mode=True",
        "Module.load_state": "state, allow_unsafe_lm_state=False",
        "Module.save": "path, save_program=False, modules_to_serialize=None",
        "Module.load": "path, allow_pickle=False, allow_unsafe_lm_state=False",
        "Module.inspect_history": "n=1, file=None",
        "Predict.update_config": "",
        "Predict.get_config": "",
        "Predict.reset": "",
        "asyncify": "program",
        "syncify": "program, in_place=True",
    },
    "Modules": {
        "Predict": "signature, callbacks=None",
        "ChainOfThought": "signature, rationale_field=None, rationale_field_type=str",
        "ReAct": "signature, tools, max_iters=20",
        "ReAct.truncate_trajectory": "trajectory",
        "CodeAct.truncate_trajectory": "trajectory",
        "ReActV2": "signature, tools, max_iters=20",
        "ProgramOfThought": "signature, max_iters=3, interpreter_factory=None",
        "CodeAct": "signature, tools, max_iters=5, interpreter_factory=None",
        "RLM": "signature, max_iters=20, max_llm_calls=50, max_output_chars=10000, verbose=False, tools=None, "
        "sub_lm=None, interpreter_factory=None",
        "MultiChainComparison": "signature, M=3, temperature=0.7",
        "BestOfN": "module, N, reward_fn, threshold, fail_count=None",
        "Refine": "module, N, reward_fn, threshold, fail_count=None",
        "Parallel": "num_threads=None, max_errors=None, access_examples=True, return_failed_examples=False, "
        "provide_traceback=None, disable_progress_bar=False, timeout=120, straggler_limit=3",
        "KNN": "k, trainset, vectorizer",
        "majority": "prediction_or_completions, normalize=default_normalize, field=None",
        "Tool": "func, name=None, desc=None, args=None, arg_types=None, arg_desc=None",
        "Tool.acall": "",
        "Tool.from_mcp_tool": "session, tool, result_mode='text'",
        "Tool.from_langchain": "tool",
        "Tool.format_as_litellm_function_call": "",
    },
    "Adapters": {
        "Adapter": "callbacks=None, use_native_function_calling=False, native_response_types=None, "
        "parallel_tool_calls=None",
        "Adapter.__call__": "lm, lm_kwargs, signature, demos, inputs",
        "Adapter.acall": "lm, lm_kwargs, signature, demos, inputs",
        "Adapter.format": "signature, demos, inputs",
        "Adapter.parse": "signature, completion",
        "Adapter.format_field_description": "signature",
        "Adapter.format_field_structure": "signature",
        "Adapter.format_task_description": "signature",
        "Adapter.format_user_message_content": "signature, inputs, prefix='', suffix='', main_request=False",
        "Adapter.format_assistant_message_content": "signature, outputs, missing_field_message=None",
        "Adapter.format_demos": "signature, demos",
        "Adapter.format_conversation_history": "signature, history_field_name, inputs",
        "ChatAdapter.format_finetune_data": "signature, demos, inputs, outputs",
        "ChatAdapter": "callbacks=None, use_native_function_calling=False, native_response_types=None, "
        "use_json_adapter_fallback=False",
        "JSONAdapter": "callbacks=None, use_native_function_calling=True",
        "XMLAdapter": "callbacks=None",
        "TwoStepAdapter": "extraction_model",
        "adapters.baml_adapter.BAMLAdapter": "callbacks=None",
    },
    "Types": {
        "Image": "source=None, url",
        "Image.from_url": "url, verify=True, timeout=30",
        "Image.from_path": "file_path",
        "Audio": "audio_format, data",
        "Audio.from_url": "url",
        "Audio.from_path": "file_path",
        "Audio.from_array": "array, sampling_rate, format='wav'",
        "File": "file_data=None, file_id=None, filename=None",
        "File.from_path": "file_path, filename=None, mime_type=None",
        "File.from_bytes": "file_bytes, filename=None, mime_type='application/octet-stream'",
        "File.from_file_id": "file_id, filename=None",
        "History": "messages",
        "ToolCalls": "tool_calls, tool_call_results=None",
        "ToolCalls.from_dict_list": "tool_calls_dicts",
        "ToolCalls.ToolCall.execute": "functions=None",
        "Code": "code",
        "Reasoning": "content",
        "experimental.Document": "data, title=None, media_type='text/plain', context=None",
        "experimental.Citations": "citations",
    },
    "Language models": {
        "BaseLM": "model, model_type='chat', temperature=None, max_tokens=None, cache=True, callbacks=None, "
        "num_retries=3",
        "LM": "model, model_type='chat', temperature=None, max_tokens=None, cache=True, callbacks=None, "
        "num_retries=3, provider=None, finetuning_model=None, launch_kwargs=None, train_kwargs=None, "
        "use_developer_role=False",
        "LM.copy": "",
        "LM.dump_state": "",
        "BaseLM.load_state": "state",
        "LM.inspect_history": "n=1, file=None",
        "LM.update_history": "entry",
        "is_retryable_lm_error": "error",
        "inspect_history": "n=1, file=None",
        "utils.DummyLM": "answers, follow_examples=False, reasoning=False, adapter=None",
        "utils.DummyVectorizer": "max_length=100, n_gram=2",
        "utils.dummy_rm": "passages=()",
    },
    "Settings, cache, usage": {
        "configure": "",
        "context": "",
        "configure_cache": "enable_disk_cache=True, enable_memory_cache=True, disk_cache_dir=None, "
        "disk_size_limit_bytes=30000000000, memory_max_entries=1000000",
        "track_usage": "",
        "enable_logging": "",
        "disable_logging": "",
    },
    "Callbacks": {
        "utils.callback.with_callbacks": "fn",
        **{f"utils.callback.BaseCallback.on_{kind}_start": "call_id, instance, inputs" for kind in KINDS},
        **{
            f"utils.callback.BaseCallback.on_{kind}_end": "call_id, outputs, exception=None" for kind in KINDS
        },
    },
    "Evaluation": {
        "Evaluate": "devset, metric=None, num_threads=None, display_progress=False, display_table=False, "
        "max_errors=None, provide_traceback=None, failure_score=0.0, save_as_csv=None, save_as_json=None",
        "Evaluate.__call__": "program, metric=None, devset=None, num_threads=None, display_progress=None, "
        "display_table=None, callback_metadata=None, save_as_csv=None, save_as_json=None",
        "evaluate.answer_exact_match": "example, pred, trace=None, frac=1.0",
        "evaluate.answer_passage_match": "example, pred, trace=None",
        "evaluate.EM": "prediction, answers_list",
        "evaluate.normalize_text": "s",
        "evaluate.SemanticF1": "threshold=0.66, decompositional=False",
        "evaluate.CompleteAndGrounded": "threshold=0.66",
    },
    "Retrieval and data": {
        "Embedder": "model, batch_size=200, caching=True",
        "Embedder.__call__": "inputs, batch_size=None, caching=None",
        "Embedder.acall": "inputs, batch_size=None, caching=None",
        "Embeddings": "corpus, embedder, k=5, callbacks=None, cache=False, brute_force_threshold=20000, "
        "normalize=True",
        "Embeddings.save": "path",
        "Embeddings.load": "path, embedder",
        "Embeddings.from_saved": "path, embedder",
        "EmbeddingsWithScores": "corpus, embedder, k=5, callbacks=None, cache=False, "
        "brute_force_threshold=20000, normalize=True",
        "Retrieve": "k=3",
        "ColBERTv2": "url, port=None, post_requests=False",
        "datasets.HotPotQA": "",
        "datasets.gsm8k.GSM8K": "",
        "datasets.MATH": "",
        "datasets.Colors": "",
        "datasets.DataLoader.from_huggingface": "dataset_name",
        "datasets.DataLoader.from_csv": "file_path, fields=None, input_keys=()",
        "datasets.DataLoader.from_pandas": "df, fields=None, input_keys=()",
        "datasets.DataLoader.from_json": "file_path, fields=None, input_keys=()",
        "datasets.DataLoader.from_parquet": "file_path, fields=None, input_keys=()",
        "datasets.DataLoader.from_rm": "num_samples, fields, input_keys",
        "datasets.DataLoader.sample": "dataset, n",
        "datasets.DataLoader.train_test_split": "dataset, train_size=0.75",
    },
    "Streaming": {
        "streamify": "program, status_message_provider=None, stream_listeners=None, "
        "include_final_prediction_in_output_stream=True, is_async_program=False, async_streaming=True",
        "streaming.StreamListener": "signature_field_name, predict=None, predict_name=None, allow_reuse=False",
        "streaming.StreamResponse": "predict_name, signature_field_name, chunk, is_last_chunk",
        "streaming.StatusMessage": "message",
        "streaming.StatusMessageProvider.tool_start_status_message": "instance, inputs",
        "streaming.StatusMessageProvider.tool_end_status_message": "outputs",
        "streaming.StatusMessageProvider.module_start_status_message": "instance, inputs",
        "streaming.StatusMessageProvider.module_end_status_message": "outputs",
        "streaming.StatusMessageProvider.lm_start_status_message": "instance, inputs",
        "streaming.StatusMessageProvider.lm_end_status_message": "outputs",
        "streaming.streaming_response": "streamer",
        "streaming.apply_sync_streaming": "async_generator",
    },
    "Optimizers: small": {
        "LabeledFewShot": "k=16",
        "LabeledFewShot.compile": "student, trainset, sample=True",
        "BootstrapFewShot": "metric=None, metric_threshold=None, teacher_settings=None, max_bootstrapped_demos=4, "
        "max_labeled_demos=16, max_rounds=1, max_errors=None",
        "BootstrapFewShotWithRandomSearch": "metric, teacher_settings=None, max_bootstrapped_demos=4, "
        "max_labeled_demos=16, max_rounds=1, num_candidate_programs=16, num_threads=None, max_errors=None, "
        "stop_at_score=None, metric_threshold=None",
        "BootstrapFewShotWithOptuna": "metric, teacher_settings=None, max_bootstrapped_demos=4, max_labeled_demos=16, "
        "max_rounds=1, num_candidate_programs=16, num_threads=None",
        "BootstrapFewShotWithOptuna.compile": "student, teacher=None, max_demos, trainset, valset=None",
        "KNNFewShot": "k, trainset, vectorizer",
        "KNNFewShot.compile": "student, teacher=None",
        "Ensemble": "reduce_fn=None, size=None, deterministic=False",
        "Ensemble.compile": "programs",
        "COPRO": "prompt_model=None, metric=None, breadth=10, depth=3, init_temperature=1.4, track_stats=False",
        "COPRO.compile": "student, trainset, eval_kwargs=None",
        "BetterTogether": "metric",
        "BetterTogether.compile": "student, trainset, teacher=None, valset=None, num_threads=None, max_errors=None, "
        "provide_traceback=None, seed=None, valset_ratio=0.1, shuffle_trainset_between_steps=True, "
        "strategy='p -> w -> p', optimizer_compile_args=None",
        "BetterTogether.acompile": "student, trainset, teacher=None, valset=None, num_threads=None, max_errors=None, "
        "provide_traceback=None, seed=None, valset_ratio=0.1, shuffle_trainset_between_steps=True, "
        "strategy='p -> w -> p', optimizer_compile_args=None",
        "InferRules": "num_candidates=10, num_rules=10, num_threads=None, teacher_settings=None",
        "InferRules.compile": "student, teacher=None, trainset, valset=None",
    },
    "Optimizers: Bayesian": {
        "MIPROv2": "metric, prompt_model=None, task_model=None, teacher_settings=None, max_bootstrapped_demos=4, "
        "max_labeled_demos=4, auto='light', num_candidates=None, num_threads=None, max_errors=None, seed=9, "
        "init_temperature=1.0, verbose=False, track_stats=True, log_dir=None, metric_threshold=None",
        "MIPROv2.compile": "student, trainset, teacher=None, valset=None, num_trials=None, "
        "max_bootstrapped_demos=None, max_labeled_demos=None, seed=None, minibatch=True, minibatch_size=35, "
        "minibatch_full_eval_steps=5, program_aware_proposer=True, data_aware_proposer=True, "
        "view_data_batch_size=10, tip_aware_proposer=True, fewshot_aware_proposer=True, provide_traceback=None",
    },
    "Optimizers: evolution": {
        "GEPA": "metric, auto=None, max_full_evals=None, max_metric_calls=None, reflection_minibatch_size=3, "
        "candidate_selection_strategy='pareto', reflection_lm=None, skip_perfect_score=True, "
        "add_format_failure_as_feedback=False, instruction_proposer=None, component_selector='round_robin', "
        "use_merge=True, max_merge_invocations=5, num_threads=None, failure_score=0.0, perfect_score=1.0, "
        "log_dir=None, track_stats=False, use_wandb=False, wandb_api_key=None, wandb_init_kwargs=None, "
        "track_best_outputs=False, warn_on_score_mismatch=True, use_mlflow=False, seed=0, gepa_kwargs=None",
        "GEPA.compile": "student, trainset, teacher=None, valset=None",
        "SIMBA": "metric, bsize=32, num_candidates=6, max_steps=8, max_demos=4, prompt_model=None, "
        "teacher_settings=None, demo_input_field_maxlen=100000, num_threads=None, temperature_for_sampling=0.2, "
        "temperature_for_candidates=0.2",
        "SIMBA.compile": "student, trainset, seed=0",
    },
}

MEMBERS = {
    "Signature": "instructions input_fields output_fields fields signature",
    "Type": "format description extract_custom_type_from_annotation adapt_to_native_lm_feature parse_lm_response "
    "parse_stream_chunk is_streamable",
    "BaseLM": "supports_function_calling supports_reasoning supports_response_schema supported_params "
    "forward_contract",
    "settings": "configure context get copy",
    "CodeInterpreter": "execute start shutdown",
    "errors": "DSPyError LMError LMTransportError LMConfigurationError LMNotConfiguredError "
    "LMUnsupportedFeatureError LMProviderError LMAuthError LMBillingError LMRateLimitError LMInvalidRequestError "
    "ContextWindowExceededError LMUnsupportedModelError LMTimeoutError LMServerError LMUnexpectedError "
    "AdapterParseError FinalOutput CodeInterpreterError CodeExecutionError",
}

SIGNATURE_TEXTS = {
    '`"question ->"`': "refused: there is nothing to ask for; DSPy makes a signature without outputs",
    '`"a, a -> b"`': "refused: one of the two would be lost; DSPy keeps one of two equal inputs",
    '`"self -> answer"`': "refused: a call could not name it, as every module has a `self`",
    "`->` inside a literal: `\"a -> b: Literal['x->y']\"`": "taken as a value; DSPy counts a second arrow and refuses",
    "types of the calling code inside other types: `list[Mine]`, `Optional[Mine]`": "found as `Mine` alone is; "
    "DSPy knows them alone only",
    '`"a: object -> b"`': "taken, any value fits; DSPy knows no `object`",
    "types in quotes: `\"a: 'int' -> b\"`": "read as the type that they name; DSPy refuses a text",
    '`"a: None -> b"`': "the type of None; DSPy makes it `str`",
}
"""Where texts of signatures are read otherwise; each has its test in `test_signature_texts.py`."""

DIFFERS = {
    **SIGNATURE_TEXTS,
    "pickle in any form": "a program, a cache or settings are never read from or written as pickle; state is JSON",
    "`WeaviateRM`, `DatabricksRM`, `DatabricksProvider`": "services of vendors; any callable is a retriever",
    "`GEPA(use_wandb, use_mlflow, track_best_outputs, gepa_kwargs)`": "taken with a note in the report; "
    "follow the search by `on_event` and `run_log`",
    "`COPRO`, the prefix of the last output field": "is not rewritten: DSPy writes one, and no adapter "
    "puts it into a prompt, there or here",
    "`SIMBA`, fewer rows than `bsize`": "a warning, and every batch is all rows",
    "`AlfWorld`": "needs a game server of its own",
    "`Avatar`, `AvatarOptimizer`, `GRPO`, `Flex`, `BootstrapFinetune`, `Provider`": "left out for now; asking for one, "
    "or for a path like `propose`, is an error that says what to do instead",
    "`Ensemble(deterministic=True)`": "draws by the inputs, where DSPy refuses it",
    "`BetterTogether`, a strategy with `w`": "fine-tuning is not there yet; refused before anything is spent",
    "`BetterTogether`, the first step fails": "its error is raised; DSPy gives the program back as it was",
    "a program of `KNNFewShot`": "holds the student as `student`; what it bootstraps for a neighbourhood is kept",
    "`BootstrapFewShotWithOptuna`, `InferRules`": "score the student too, and return it where nothing is better",
    "`configure` from one thread only": "every thread may configure; there is no owner",
    "`enable_litellm_logging`": "switches what `core.lm` logs: there is no litellm underneath",
    "`ChatAdapter(use_json_adapter_fallback=…)`": "see docs/decisions: a fallback is asked for, recorded and counted",
    "a prefix among the proposals of `BayesianSignatureOptimizer`": "prompts here have no prefixes; instructions alone",
    "`MIPROv2(requires_permission_to_run=…)`": "accepted; nothing asks at the terminal, `estimate` says the price",
    "prompts": "structure and markers are DSPy's, sentences are ours and shorter",
    "`Evaluate(return_outputs=…)`": "refused as in 3.3; `core.interop.compat.Evaluate` gives what 2024 gave",
    "an example that fails by infrastructure": "has no score, where DSPy scores 0; the run is flagged",
    "`ReAct.truncate_trajectory`": "says what the model is shown; the trajectory that a call returns stays whole",
    "`max_errors`, a reply that cannot be read": "scores `failure_score` and never ends an evaluation",
    "callbacks, `adapter.format` or `.parse` called by hand": "not told; what a program does is",
}
