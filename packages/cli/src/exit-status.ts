/** Exit statuses, as scripts rely on them. */
export const exitStatus = { done: 0, regression: 1, badInput: 2, someFailed: 3, interrupted: 130 } as const;
