/**
 * The source of a bundle in ASCII. esbuild escapes other characters in strings, and not in regular expressions, where
 * the same escapes mean the same. A program that is read as ASCII would search for other characters.
 */
export const asciiSource = (text: string): string =>
	text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
