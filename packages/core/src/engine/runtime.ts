import { parse } from 'node:path';
import ort from 'onnxruntime-node';
import { LowbitError } from '../errors.js';

/** Where sessions of this process run and with how many threads each. */
export interface Device {
  /** An execution provider of the installed onnxruntime: `cpu`, `webgpu`, `cuda`, ... */
  name: string;
  threads: number;
}

/** A tensor that is fed or fetched; the element type follows from the array, int64 from BigInt64Array, bool from Uint8Array results. */
export interface Feed {
  data: Float32Array | BigInt64Array;
  dims: readonly number[];
}

export interface Fetched {
  data: Float32Array | Uint8Array | BigInt64Array;
  dims: readonly number[];
}

export interface Session {
  /** With `into`, only the outputs it names are computed, and they are written into its arrays. */
  run(feeds: Record<string, Feed>, into?: Record<string, Feed>): Promise<Record<string, Fetched>>;
  release(): Promise<void>;
}

export const runtimeVersion: string = ort.env.versions.node ?? ort.env.versions.common;

/** Execution providers that this onnxruntime offers. */
export function listDevices(): { name: string; bundled: boolean }[] {
  return ort.listSupportedBackends().map(({ name, bundled }) => ({ name, bundled }));
}

/** The only place that makes sessions. Blocks the calling thread while it runs: call it in a worker. */
export async function openSession(model: Uint8Array, device: Device): Promise<Session> {
  const known = listDevices().map(({ name }) => name);
  if (!known.includes(device.name))
    throw new LowbitError(
      'DEVICE_UNKNOWN',
      `Expected a device of this onnxruntime (${known.join(', ')}), got '${device.name}'; name one of them.`,
    );
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [device.name],
    intraOpNumThreads: device.threads,
    interOpNumThreads: 1,
    // Lengths differ from run to run: a remembered memory plan would be made anew for each.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // External data must lie below this folder; with the root, weights are read where they are, hub caches included.
    extra: { session: { model_external_initializers_file_folder_path: parse(process.cwd()).root } },
  });
  return {
    async run(feeds, into) {
      const results = await (into ? session.run(tensorsOf(feeds), tensorsOf(into)) : session.run(tensorsOf(feeds)));
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { data: tensor.data as Fetched['data'], dims: tensor.dims },
        ]),
      );
    },
    release: () => session.release(),
  };
}

function tensorsOf(feeds: Record<string, Feed>): Record<string, ort.Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { data, dims }]) => [
      name,
      data instanceof Float32Array ? new ort.Tensor('float32', data, dims) : new ort.Tensor('int64', data, dims),
    ]),
  );
}
