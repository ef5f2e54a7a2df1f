/** Numbers in text, refused as Go refuses them. */
import { quotedInput } from '../authorize/go-text.ts';

/** The text of the error, or undefined for a number of the form. @source Go strconv NumError */
export function numberProblem(name: string, text: string, form: RegExp, max: bigint): string | undefined {
	const because = (reason: string) => `strconv.${name}: parsing ${quotedInput(text)}: ${reason}`;
	if (!form.test(text)) return because('invalid syntax');
	const value = BigInt(text.replace('+', ''));
	return value > max || value < -max - 1n ? because('value out of range') : undefined;
}
