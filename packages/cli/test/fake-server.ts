import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pack, Subject } from '@lowbit/core';

/** What a server answers in, and what may be wrong with it. */
export interface FakeServer {
  form: 'echo' | 'prompt_logprobs' | 'llama.cpp' | 'tgi' | 'none';
  fault?:
    | 'slow'
    | 'busy twice'
    | 'always busy'
    | 'no JSON'
    | 'null'
    | 'positive'
    | 'one place late'
    | 'other words'
    | 'no likeliest'
    | 'one token less'
    | undefined;
  /** Tokens that it says it takes. */
  context?: number | undefined;
  names?: string[];
}

export interface Running {
  url: string;
  /** Requests for scores so far, and the most that were open at a time. */
  counts: { scored: number; open: number; most: number };
  close(): Promise<void>;
}

/** A real model behind the answers of several servers, so that what comes back must be what it computes itself. */
export async function startFakeServer(fake: FakeServer, subject: Subject): Promise<Running> {
  const { form, fault, context = 256, names = ['stories'] } = fake;
  const tokenizer = await subject.tokenizer();
  const counts = { scored: 0, open: 0, most: 0 };
  let refused = 0;
  let turn: Promise<Float32Array[]> = Promise.resolve([]);

  /** Log-probabilities of every token after each of `ids`. One call at a time: a model has one session. */
  function distribute(ids: readonly number[]): Promise<Float32Array[]> {
    return (turn = turn.then(() => computeRows(ids, subject)));
  }

  async function answer(path: string, body: Record<string, unknown>): Promise<unknown> {
    if (path === '/v1/models')
      return {
        data: names.map((id) => ({ id, created: Date.now(), ...(form === 'echo' ? { max_model_len: context } : {}) })),
      };
    if (path === '/props' && form === 'llama.cpp')
      return { build_info: 'b1', bos_token: '<s>', eos_token: '</s>', default_generation_settings: { n_ctx: context } };
    if (path === '/version' && form === 'prompt_logprobs') return { version: '0.9' };
    if (path === '/info' && form === 'tgi') return { model_id: 'stories', max_total_tokens: context };
    if (path === '/tokenize' && form !== 'echo') return tokenize(body);
    if (path === '/detokenize' && form !== 'echo') return { content: tokenizer.decode(body.tokens as number[]) };
    if (path === '/v1/completions' && (form === 'echo' || form === 'prompt_logprobs')) return complete(body);
    // Like llama.cpp, which ignores `echo` and tells of the generated token alone.
    if (path === '/v1/completions' && form === 'llama.cpp')
      return { choices: [{ text: 'a', logprobs: { content: [{ token: 'a', logprob: -1 }] } }] };
    if (path === '/completion' && form === 'llama.cpp') return completeLlama(body);
    if (path === '/generate' && form === 'tgi') return generate(body);
    return undefined;
  }

  function tokenize(body: Record<string, unknown>): unknown {
    const special = body.add_special_tokens === true;
    const tokens = [...tokenizer.encode(String(body.content), { special })];
    return form === 'tgi' ? tokens.map((id) => ({ id, text: '' })) : { tokens };
  }

  async function complete(body: Record<string, unknown>): Promise<unknown> {
    const ids = body.prompt as number[];
    const rows = await distribute(ids);
    const at = (place: number): Float32Array => rows[fault === 'one place late' ? place : place - 1] as Float32Array;
    const word = (id: number): string => (fault === 'other words' ? 'zebra' : tokenizer.decode([id]));
    const told = ids.slice(fault === 'one token less' ? 1 : 0);
    const entries = told.map((id, place) => {
      if (place === 0) return undefined;
      const row = at(place);
      const top = row.indexOf(Math.max(...row));
      const logprob = fault === 'null' ? null : fault === 'positive' ? 3 : (row[id] as number);
      return { id, logprob, top, best: row[top] as number };
    });
    if (form === 'prompt_logprobs' && body.prompt_logprobs !== undefined)
      return {
        choices: [
          {
            prompt_logprobs: entries.map((each) =>
              each === undefined
                ? null
                : {
                    [each.top]: { logprob: each.best, rank: 1, decoded_token: word(each.top) },
                    [each.id]: { logprob: each.logprob, rank: 2, decoded_token: word(each.id) },
                  },
            ),
          },
        ],
      };
    const last = rows.at(-1) as Float32Array;
    return {
      choices: [
        {
          logprobs: {
            tokens: [...told.map(word), 'x'],
            token_logprobs: [...entries.map((each) => each?.logprob ?? null), Math.max(...last)],
            top_logprobs:
              fault === 'no likeliest'
                ? null
                : [...entries.map((each) => (each ? { best: each.best } : null)), { best: 0 }],
          },
        },
      ],
    };
  }

  async function completeLlama(body: Record<string, unknown>): Promise<unknown> {
    const rows = await distribute(body.prompt as number[]);
    const row = rows.at(-1) as Float32Array;
    const [[id]] = body.logit_bias as [[number, number]];
    const top = row.indexOf(Math.max(...row));
    const tell = (token: number): object => ({ id: token, token: tokenizer.decode([token]), logprob: row[token] });
    return { completion_probabilities: [{ ...tell(id), top_logprobs: [tell(top)] }] };
  }

  async function generate(body: Record<string, unknown>): Promise<unknown> {
    const ids = [...tokenizer.encode(String(body.inputs), { special: true })];
    const rows = await distribute(ids);
    const prefill = ids.map((id, at) => ({
      id,
      text: tokenizer.decode([id]),
      logprob: at === 0 ? null : rows[at - 1]?.[id],
    }));
    return { generated_text: 'a', details: { prefill, tokens: [] } };
  }

  const server = createServer((incoming, outgoing) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
    incoming.on('end', () => void reply(text));
    const send = (status: number, value: string): void => void outgoing.writeHead(status).end(value);

    async function reply(sent: string): Promise<void> {
      const path = incoming.url ?? '';
      const isScore = ['/v1/completions', '/completion', '/generate'].includes(path);
      if (isScore && fault === 'slow') return;
      if (isScore && (fault === 'always busy' || (fault === 'busy twice' && refused++ < 2))) return send(503, 'busy');
      if (isScore && fault === 'no JSON') return send(200, '<html>a page</html>');
      if (isScore) counts.most = Math.max(counts.most, ++counts.open);
      const value = await answer(path, sent === '' ? {} : (JSON.parse(sent) as Record<string, unknown>));
      if (isScore) {
        counts.open--;
        counts.scored++;
      }
      send(value === undefined ? 404 : 200, JSON.stringify(value ?? { error: 'not found' }));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

/** Rows by the tokens before them: requests have prefixes in common, and all servers of a test one model. */
const rows = new Map<string, Float32Array>();

async function computeRows(ids: readonly number[], { decoder, scorer }: Subject): Promise<Float32Array[]> {
  const keys = ids.map((_, at) => ids.slice(0, at + 1).join());
  const missing = ids.flatMap((_, at) => (rows.has(keys[at] as string) ? [] : [at]));
  const size = decoder.vocabSize;
  const pairs = missing.length * size;
  const pack: Pack = {
    ids: Int32Array.from(ids),
    positions: Int32Array.from(ids, (_, at) => at),
    ends: Int32Array.from(ids, () => ids.length),
    rows: Int32Array.of(0, ids.length),
    sources: Int32Array.from({ length: pairs }, (_, pair) => missing[Math.floor(pair / size)] as number),
    targets: Int32Array.from({ length: pairs }, (_, pair) => pair % size),
  };
  const [found] = missing.length > 0 ? await scorer.scorePacks([pack]) : [];
  missing.forEach((at, index) => {
    const row = found?.nll.slice(index * size, (index + 1) * size).map((loss) => -loss);
    rows.set(keys[at] as string, row as Float32Array);
  });
  return keys.map((key) => rows.get(key) as Float32Array);
}
