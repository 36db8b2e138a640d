/** Files as lm-evaluation-harness 0.4.13 writes them, small enough to compute by hand. */
export const date = '2026-01-02T03-04-05.678901';

export interface Options {
  modelArguments?: string;
  shots?: number;
  version?: number;
  /** Right (1) or wrong (0), by document of `piqa`. */
  right?: number[];
  promptHash?: string;
}

export function harnessFiles({
  modelArguments = 'pretrained=org/model,dtype=float32',
  shots = 0,
  version = 1,
  right = [1, 0, 1, 1],
  promptHash = 'p',
}: Options = {}): Record<string, string> {
  const acc = right.reduce((a, b) => a + b, 0) / right.length;
  const results = {
    results: {
      piqa: {
        ...{ name: 'piqa', alias: 'piqa', sample_len: right.length },
        ...{ 'acc,none': acc, 'acc_stderr,none': 0.25, 'by_kind,none': { a: 1 } },
      },
      gsm8k: {
        ...{ alias: 'gsm8k', 'exact_match,strict-match': 0.5, 'exact_match_stderr,strict-match': 0.5 },
        ...{ 'exact_match,flexible-extract': 1, 'exact_match_stderr,flexible-extract': 0 },
      },
      wikitext: { alias: 'wikitext', 'word_perplexity,none': Math.exp(30 / 10), 'word_perplexity_stderr,none': 'N/A' },
      some_group: { alias: 'some_group', 'acc,none': acc },
    },
    group_subtasks: { some_group: ['piqa'] },
    configs: { piqa: { task: 'piqa', description: '' }, gsm8k: { task: 'gsm8k' }, wikitext: { task: 'wikitext' } },
    versions: { piqa: version, gsm8k: 3, wikitext: 2 },
    'n-shot': { piqa: shots, gsm8k: 5, wikitext: 0 },
    higher_is_better: { piqa: { acc: true }, gsm8k: { exact_match: true }, wikitext: { word_perplexity: false } },
    'n-samples': {
      piqa: { original: 1838, effective: right.length },
      gsm8k: { original: 1319, effective: 2 },
      wikitext: { original: 62, effective: 2 },
    },
    config: { model: 'hf', model_args: modelArguments, model_num_parameters: 1000, limit: null },
    ...{ model_name: 'org/model', lm_eval_version: '0.4.13', total_evaluation_time_seconds: '12.5', max_length: NaN },
  };
  const line = (id: number, filter: string, rest: Record<string, unknown>): string => {
    const { metrics, ...more } = { metrics: Object.keys(rest), ...rest };
    const hashes = { doc_hash: `d${id}`, prompt_hash: promptHash, target_hash: 't' };
    const resps = [[['-1.5', 'False']], [['-20.0', 'True']]];
    return `${JSON.stringify({ doc_id: id, doc: {}, resps, filter, metrics, ...hashes, ...more })}\n`;
  };
  return {
    // Python's way of a number that is none.
    [`results_${date}.json`]: JSON.stringify(results, undefined, 2).replace('"max_length": null', '"max_length": NaN'),
    [`samples_piqa_${date}.jsonl`]: right.map((acc, id) => line(id, 'none', { acc })).join(''),
    [`samples_gsm8k_${date}.jsonl`]: [
      ...[0, 1].map((id) => line(id, 'strict-match', { exact_match: id })),
      ...[0, 1].map((id) => line(id, 'flexible-extract', { exact_match: 1 })),
    ].join(''),
    [`samples_wikitext_${date}.jsonl`]: [
      line(0, 'none', { word_perplexity: [-10, 4] }),
      line(1, 'none', { word_perplexity: [-20, 6] }),
    ].join(''),
  };
}
