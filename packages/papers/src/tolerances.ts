/** Absolute (in printed units, percent where the paper prints percent) plus relative to the value. */
export interface Tolerance {
  absolute: number;
  relative: number;
  reason: string;
}

const printed = 'two printed decimals';

/** Of float models: nothing is rounded but the paper's own arithmetic. */
export const floatPerplexity: Tolerance = {
  absolute: 0.005,
  relative: 0.002,
  reason: `${printed}; the paper computes in half precision up to its cross-entropy, Lowbit in float32`,
};

/** The data's or tokenizer's version is known to move it. */
export const floatOddText: Tolerance = {
  absolute: 0.005,
  relative: 0.01,
  reason: `${printed}; half precision; <unk> and joins of this text depend on the tokenizer's version (transformers#27382)`,
};

/** Round to nearest has no draw. */
export const rtnPerplexity: Tolerance = {
  absolute: 0.005,
  relative: 0.004,
  reason: `${printed}; half-precision scales, weights and cross-entropy in the paper; no draw`,
};

/** GPTQ at 4 bits. */
export const gptqPerplexity4: Tolerance = {
  absolute: 0.005,
  relative: 0.01,
  reason: `${printed}; half-precision arithmetic and the order of sums move codes, and errors are fed forward`,
};

/** GPTQ at 3 bits. */
export const gptqPerplexity3: Tolerance = {
  absolute: 0.005,
  relative: 0.03,
  reason: `${printed}; at 3 bits one model re-run by its users moved 5.6 % (IST-DASLab/gptq#57: 31.90 for 33.79)`,
};

/** The search has few outcomes, but its calibration text is not the paper's. */
export const awqPerplexity: Tolerance = {
  absolute: 0.005,
  relative: 0.01,
  reason: `${printed}; half precision; searched on other text than the paper's`,
};

/** SmoothQuant's README was made in bfloat16. */
export const bfloat16Perplexity: Tolerance = {
  absolute: 0.005,
  relative: 0.002,
  reason: "a model in bfloat16, which moves the third digit, Lowbit's forward pass is float32",
};

export const quarotPerplexity: Tolerance = {
  absolute: 0.005,
  relative: 0.03,
  reason: `${printed}; the random signs differ, and a later paper that ran the code again has 6.27 for 6.10 (2.8 %)`,
};

export const cachePerplexity: Tolerance = {
  absolute: 0.005,
  relative: 0.01,
  reason: `${printed}; levels are fitted without the paper's Fisher weights`,
};

/** Shares, in points. */
export const floatAccuracy: Tolerance = {
  absolute: 0.5,
  relative: 0,
  reason: 'half precision, batch shape and kernels move near ties in either direction by some tenths of a point',
};
export const quantizedAccuracy: Tolerance = {
  absolute: 1.5,
  relative: 0,
  reason: 'answers near a tie flip with the random signs, the calibration draw and half precision',
};
/** Of answers that are generated, with a rounded cache. */
export const cacheAccuracy: Tolerance = {
  absolute: 1.5,
  relative: 0,
  reason: 'one code of the cache or half precision may turn a greedy text at a near tie, and its answer with it',
};
export const floatMean: Tolerance = { ...floatAccuracy, absolute: 0.3 };
export const quantizedMean: Tolerance = { ...quantizedAccuracy, absolute: 0.8 };

/*
 * Of stand-ins: four times the most that was seen when every weight moved by its last bit or not at all, in three draws, which
 * stands for another processor's order of sums (docs/papers.md). Reference kernels and one thread gave the same bits.
 */

/** Float, and round to nearest, whose codes another processor gives as well. */
export const exactAnchor: Tolerance = {
  absolute: 0,
  relative: 1e-4,
  reason: 'sums in another order move 2e-7 of it here, 2e-5 against torch; the same codes on every processor',
};

/** Rounded inputs and caches. */
export const roundedAnchor: Tolerance = {
  absolute: 0,
  relative: 0.004,
  reason: 'an input whose last bits differ may fall to the other side of a tie: 0.1 % seen',
};

/** GPTQ, AWQ's search, QuaRot: one code moved is fed forward. */
export const fedForwardAnchor: Tolerance = {
  absolute: 0,
  relative: 0.013,
  reason: 'a code or a strength of a search that falls the other way is fed forward: 0.33 % seen',
};

/** The same on SmolLM2, whose weights lay on 16 levels once. */
export const tiedAnchor4: Tolerance = {
  absolute: 0,
  relative: 0.075,
  reason: 'codes tie: the same calibration in six orders had a standard deviation of 2.5 %; three of them',
};
export const tiedAnchor3: Tolerance = {
  absolute: 0,
  relative: 0.27,
  reason: 'codes tie: the same calibration in three orders had a standard deviation of 9 %; three of them',
};

/** Rounded inputs and caches there. */
export const tiedRoundedAnchor: Tolerance = {
  absolute: 0,
  relative: 0.02,
  reason:
    'two executions of W8A8 differ by 0.28 a token in the root mean square; three standard errors over 2,044 tokens',
};

/** Shares of 40 documents. */
export const fewDocumentsAnchor: Tolerance = {
  absolute: 2.5,
  relative: 0,
  reason: 'one document of 40 near a tie',
};
