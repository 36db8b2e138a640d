/** Settings people name, each the recipe that it stands for. */
export const presets: Record<string, string> = Object.fromEntries(
  [2, 3, 4, 8].flatMap((bits) =>
    [32, 64, 128].flatMap((group) => [
      [`rtn-w${bits}-g${group}`, `rtn(bits=${bits},groupSize=${group})`],
      [`rtn-w${bits}-g${group}-asym`, `rtn(bits=${bits},groupSize=${group},symmetric=false)`],
      [`gptq-w${bits}-g${group}`, `gptq(bits=${bits},groupSize=${group})`],
      [`gptq-w${bits}-g${group}-asym`, `gptq(bits=${bits},groupSize=${group},symmetric=false)`],
      [`gptq-w${bits}-g${group}-actorder`, `gptq(bits=${bits},groupSize=${group},actOrder=static)`],
    ]),
  ),
);
