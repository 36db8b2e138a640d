import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkTokenizer, openTokenizer } from '@lowbit/core';
import t from 'tap';
import type { Test } from 'tap';
import { byteTokenizer, byteTokenizerConfig } from '../fixtures/byte-tokenizer.js';

/** A folder with the byte tokenizer, parts of which are replaced. */
function makeFolder(t: Test, replaced: Record<string, unknown> = {}, config: unknown = byteTokenizerConfig): string {
  return t.testdir({
    'tokenizer.json': JSON.stringify({ ...byteTokenizer(), ...replaced }),
    'tokenizer_config.json': JSON.stringify(config),
  });
}

t.test('a byte tokenizer: ids are bytes, BOS where it is asked for', async (t) => {
  const tokenizer = await openTokenizer(makeFolder(t));
  const text = 'Hé  \n\u{1f600}</s>';
  const bytes = [...Buffer.from(text.slice(0, -4)), 257];
  t.strictSame(tokenizer.encode(text, { special: false }), Int32Array.from(bytes));
  t.strictSame(tokenizer.encode(text, { special: true }), Int32Array.from([256, ...bytes]));
  t.strictSame(tokenizer.encode('', { special: false }), new Int32Array());
  t.equal(tokenizer.decode(tokenizer.encode(text, { special: true })), `<s>${text}`);
  t.equal(tokenizer.decode([]), '');
  t.equal(tokenizer.decode(Buffer.from("it is n't , so .")), "it is n't , so .", 'spaces stay');
  t.match(tokenizer, { bosId: 256, eosId: 257, vocabSize: 258, addsBos: true });
  t.match(tokenizer.digest, /^[0-9a-f]{64}$/);
});

t.test('without post-processor and config there is no BOS', async (t) => {
  const folder = makeFolder(t, { post_processor: null }, { ...byteTokenizerConfig, chat_template: [1] });
  const named = await openTokenizer(folder);
  t.match(named, { bosId: 256, addsBos: false });
  await rm(join(folder, 'tokenizer_config.json'));
  const bare = await openTokenizer(folder);
  t.strictSame([bare.bosId, bare.eosId, bare.addsBos], [undefined, undefined, false]);
  t.not(bare.digest, named.digest);
});

t.test('tokens at which a model ends a text, and texts without special tokens', async (t) => {
  const folder = makeFolder(t);
  const plain = await openTokenizer(folder);
  t.strictSame([plain.eosId, plain.endIds], [257, []]);
  t.equal(plain.decode([104, 105, 257], { special: false }), 'hi');
  t.equal(plain.decode([257], { special: false }), '');
  const write = (name: string, value: unknown): Promise<void> => writeFile(join(folder, name), JSON.stringify(value));
  await write('config.json', { eos_token_id: 257 });
  t.match(await openTokenizer(folder), { endIds: [], digest: plain.digest }, 'the same one is none beside it');
  await write('config.json', { eos_token_id: 3 });
  const other = await openTokenizer(folder);
  t.match(other, { eosId: 257, endIds: [3] });
  t.not(other.digest, plain.digest, 'it can change what is generated');
  await write('generation_config.json', { eos_token_id: [257, 5, 6] });
  t.match(await openTokenizer(folder), { endIds: [5, 6] });
  await write('generation_config.json', {});
  t.match(await openTokenizer(folder), { endIds: [] });
});

/** The pieces into which a pre-tokenizer cuts a text: every stretch of the text is a token that needs no merges. */
async function pieces(t: Test, step: unknown, text: string): Promise<string[]> {
  const { model } = byteTokenizer() as { model: { vocab: Record<string, number> } };
  const vocab = { ...model.vocab };
  const characters = new Map(Object.entries(vocab).map(([character, byte]) => [byte, character]));
  const spelled = [...Buffer.from(text)].map((byte) => characters.get(byte) ?? '');
  for (let start = 0; start < spelled.length; start++)
    for (let end = start + 2; end <= spelled.length; end++)
      vocab[spelled.slice(start, end).join('')] = 1000 * start + end;
  // The prefix space of ByteLevel, before the first word.
  vocab[`\u0120${spelled[0]}`] = 999_999;
  const replaced = { pre_tokenizer: step, model: { type: 'BPE', vocab, merges: [], ignore_merges: true } };
  const tokenizer = await openTokenizer(makeFolder(t, replaced));
  return [...tokenizer.encode(text, { special: false })].map((id) => tokenizer.decode([id]));
}

t.test('cuts as the Rust library makes them', async (t) => {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
  const digits = (individual: boolean) => ({
    type: 'Sequence',
    pretokenizers: [{ type: 'Digits', individual_digits: individual }, bytes],
  });
  // The expected cuts were made with the Python package tokenizers 0.23.3 (pre_tokenize_str).
  t.strictSame(await pieces(t, digits(true), 'a 12½x'), ['a ', '1', '2', '½', 'x']);
  t.strictSame(await pieces(t, digits(false), 'a 12½x'), ['a ', '12½', 'x']);
  t.strictSame(await pieces(t, { type: 'ByteLevel', add_prefix_space: false }, 'a \u0085b'), ['a', ' ', '\u0085', 'b']);
  t.strictSame(await pieces(t, { type: 'ByteLevel', add_prefix_space: false }, 'a \ufeffb'), ['a', ' \ufeff', 'b']);
  t.strictSame(await pieces(t, bytes, 'a 1'), ['a 1']);
  const others = { type: 'Sequence', pretokenizers: [{ type: 'Whitespace' }, bytes] };
  t.strictSame(await pieces(t, others, 'a 1!'), ['a', '1', '!']);
  t.strictSame(await pieces(t, { type: 'ByteLevel', add_prefix_space: true, use_regex: true }, 'a 1'), [' a', ' 1']);
});

t.test('what cannot be used is said', async (t) => {
  const folder = t.testdir({
    broken: { 'tokenizer.json': '{' },
    odd: { 'tokenizer.json': '{"model":{"type":"Magic"}}' },
  });
  const missing = { code: 'TOKENIZER_MISSING' };
  await t.rejects(openTokenizer(folder), { ...missing, message: /must hold tokenizer\.json/ });
  await t.rejects(openTokenizer(join(folder, 'broken')), { ...missing, message: /tokenizer\.json must be JSON/ });
  await t.rejects(openTokenizer(join(folder, 'odd')), { ...missing, message: /must describe a tokenizer/ });
  await writeFile(join(folder, 'odd', 'tokenizer_config.json'), '[');
  await t.rejects(openTokenizer(join(folder, 'odd')), { ...missing, message: /tokenizer_config\.json must be JSON/ });
});

t.test('ids beyond the embedding are a mismatch', async (t) => {
  const tokenizer = await openTokenizer(makeFolder(t));
  checkTokenizer(tokenizer, { vocabSize: 258 });
  t.throws(() => checkTokenizer(tokenizer, { vocabSize: 257 }), {
    code: 'TOKENIZER_MISMATCH',
    message: /below the model's vocabulary size 257, and it has ids up to 257/,
  });
});
