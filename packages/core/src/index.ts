// Contracts for plugins
export * from './method.js';
export * from './task.js';
export * from './task-group.js';
export * from './registry.js';
export { z } from './options.js';
export * from './recipe.js';
export * from './parse-recipe.js';
export * from './layer-options.js';
export * from './plan-recipe.js';
export * from './method-options.js';
export * from './errors.js';
export { describeIssue } from './describe-issue.js';
export { version } from './version.js';

// Checkpoint and calibration
export * from './model/index.js';
export * from './calibration/python-random.js';
export * from './calibration/samplers.js';
export * from './calibration/source.js';
export * from './calibration/wikitext.js';
export * from './calibration/calibrate.js';
export * from './task-data.js';

// Drafts, formats and artifacts
export type { Draft } from './draft/draft.js';
export * from './draft/operators.js';
export * from './draft/static-grid.js';
export * from './edits/index.js';
export * from './formats/affine.js';
export * from './formats/dense.js';
export * from './formats/format.js';
export * from './formats/index.js';
export * from './artifact/artifact.js';
export { checkRecipeExport, exportArtifact, findExportFormat } from './export/export-artifact.js';
export type { ExportOutcome } from './export/export-artifact.js';
export type { ExportFormat, ExportSource } from './export/format.js';
export { exportFormats } from './export/index.js';
export { importFormats } from './import/index.js';
export { openQuantizedCheckpoint } from './import/quantized-checkpoint.js';
export type { QuantizedCheckpoint } from './import/quantized-checkpoint.js';
export * from './quantize/make-artifacts.js';
export * from './quantize/quantize.js';

// Engine and scoring
export { Graph } from './onnx/graph.js';
export { operatorGraph } from './engine/graphs.js';
export * from './engine/executed-speed.js';
export { availableMemory, sizeBatches } from './engine/batch-size.js';
export { ResidentModel } from './engine/model.js';
export { listDevices, openSession, runtimeVersion } from './engine/runtime.js';
export type { Device } from './engine/runtime.js';
export * from './subject.js';
export * from './execution.js';
export * from './scoring/distance.js';
export * from './scoring/chunk-requests.js';
export * from './scoring/encode.js';
export * from './scoring/encode-ahead.js';
export * from './scoring/encode-requests.js';
export { endEncodeThread } from './scoring/encode-thread.js';
export * from './scoring/kl-histogram.js';
export * from './scoring/few-shot.js';
export * from './scoring/pack.js';
export * from './scoring/prompts.js';
export * from './scoring/python-text.js';
export * from './scoring/rolling.js';
export * from './scoring/samples.js';
export * from './scoring/score-requests.js';
export * from './scoring/score-task.js';
export * from './scoring/token-ids.js';
export type * from './scoring/token-scorer.js';
export * from './scoring/toy-scorer.js';
export * from './scoring/toy-tokenizer.js';
export * from './scoring/windows.js';
export { loadKernels } from '@lowbit/kernels';

// Statistics
export * from './statistics/index.js';
export * from './difference/index.js';

// Runs
export * from './experiment.js';
export * from './plan.js';
export * from './digest.js';
export * from './fingerprint.js';
export { findCommit } from './commit.js';
export * from './environment.js';
export * from './preflight.js';
export * from './pool/choose-job.js';
export type * from './pool/job.js';
export { JobPool, ownArguments } from './pool/pool.js';
export { JobRunner } from './pool/runner.js';
export { isMeasured } from './run-cells.js';
export { runExperiment } from './run.js';
export type { RunEvent, RunOutcome, RunRequest } from './run.js';
export type * from './store/types.js';
export type * from './store/night.js';
export type * from './store/reproduction.js';
export * from './store/run-difference.js';
export { writeAtomic } from './store/atomic-write.js';
export { lockRun } from './store/run-lock.js';
export { findRuns, readRun, readRuns, readSamples } from './store/read-run.js';
export type { LeftOut, StoredRun } from './store/read-run.js';
export { runFormatVersion } from './store/run-format.js';
export { RunStore } from './store/run-store.js';

// Models and results from elsewhere
export { inspectOutside, openOutside, refuseRecipe } from './outside/open.js';
export { isOutside } from './outside/model-name.js';
export type { ModelInfo, OutsideInfo, OutsideModel, OutsideOptions } from './outside/model-info.js';
export { importHarnessRun } from './lm-eval/import-run.js';
export type { ImportOptions } from './lm-eval/import-run.js';
export { exportHarnessFiles } from './lm-eval/export-run.js';
