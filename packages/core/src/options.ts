/** The one import of zod: methods declare their options with it. */
export { z } from 'zod';
