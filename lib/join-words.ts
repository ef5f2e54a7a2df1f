/** How the observer names the end of a join in a terminal, in both languages. `npm start` waits for these lines. */

/** @param took  with its unit */
export const endWords = {
	joined: {
		en: (node: string, took: string) => `${node} joined in ${took}`,
		zh: (node: string, took: string) => `${node} 已加入，用时 ${took}`,
	},
	refused: {
		en: (node: string, took: string) => `${node} was refused after ${took}`,
		zh: (node: string, took: string) => `${node} 未能加入，用时 ${took}`,
	},
} as const;
