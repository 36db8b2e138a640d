import { LowbitError, PythonRandom } from '@lowbit/core';
import { multipleChoice, type ChoiceDoc } from './multiple-choice.js';
import { readStories, splitSentences, storiesFile } from './stories.js';

const contextSentences = 3;
const wrongChoices = 3;
const seed = 0;

/** Made, not official: the same file and seed give the same questions. */
export const storyContinuation = multipleChoice({
  name: 'story_continuation',
  version: '1',
  description: `Which sentence follows the first ${contextSentences} of a story: its own next, or that of ${wrongChoices} other stories`,
  source: `Made from TinyStories text (Eldan and Li 2023) with Python's generator, seed ${seed}`,
  metrics: ['acc', 'accNorm'],
  files: [storiesFile],
  async documents(data) {
    const stories = (await readStories(data)).map(splitSentences).filter(({ length }) => length > contextSentences);
    return makeQuestions(stories);
  },
});

function makeQuestions(stories: string[][]): ChoiceDoc[] {
  const random = new PythonRandom(seed);
  const nextSentences = stories.map((sentences) => sentences[contextSentences]);
  return stories.map((sentences, own) => {
    const right = nextSentences[own];
    const wrong = [...new Set(nextSentences)].filter((sentence) => sentence !== right);
    if (wrong.length < wrongChoices) throw tooFew(stories.length);
    const choices = random.sample(wrong, wrongChoices);
    // At a random place, because the first of equally likely choices wins.
    const target = random.randint(0, wrongChoices);
    choices.splice(target, 0, right);
    return { contexts: [sentences.slice(0, contextSentences).join(' ')], choices, target };
  });
}

function tooFew(stories: number): LowbitError {
  return new LowbitError(
    'TASK_DATA',
    `${storiesFile}, line 1: it has ${stories} stories of more than ${contextSentences} sentences, too few to draw ${wrongChoices} wrong ones for each; get the official file again.`,
  );
}
