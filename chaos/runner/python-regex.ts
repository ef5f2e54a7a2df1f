/** A Python regular expression as one of JavaScript: experiments are read by both. What cannot be said in JavaScript is refused, never approximated. */

interface Place {
	readonly text: string;
	readonly length: number;
}

const END = '(?![\\s\\S])';
const groups = ['(?:', '(?=', '(?!', '(?<=', '(?<!'];

/** @throws Error  what is wrong with the pattern */
export function pythonRegex(pattern: string): RegExp {
	const flags = /^\(\?([a-zA-Z]+)\)/.exec(pattern);
	const unknown = [...(flags?.[1] ?? '')].find((flag) => !'ims'.includes(flag));
	if (unknown !== undefined) throw new Error(`the flag "${unknown}" is not understood; (?i), (?m) and (?s) are`);
	const isMultiline = flags?.[1]?.includes('m') ?? false;
	const isDotAll = flags?.[1]?.includes('s') ?? false;
	const rest = pattern.slice(flags?.[0].length ?? 0);
	let out = '';
	let isInClass = false;
	for (let index = 0; index < rest.length; ) {
		const { text, length } = isInClass ? inClass(rest, index) : outside(rest, index, isMultiline, isDotAll);
		if (!isInClass && rest[index] === '[') isInClass = true;
		else if (isInClass && rest[index] === ']') isInClass = false;
		out += text;
		index += length;
	}
	return new RegExp(out, flags?.[1]?.includes('i') ? 'i' : '');
}

function outside(rest: string, index: number, isMultiline: boolean, isDotAll: boolean): Place {
	const from = rest.slice(index);
	switch (from[0]) {
		case '\\':
			return escaped(from);
		case '^':
			return { text: isMultiline ? '(?<=^|\\n)'.replace('^', '(?<![\\s\\S])') : '(?<![\\s\\S])', length: 1 };
		case '$':
			// Python's $ also matches before a line break that ends the text.
			return { text: isMultiline ? `(?=\\n|${END})` : `(?=\\n?${END})`, length: 1 };
		case '.':
			return { text: isDotAll ? '[\\s\\S]' : '[^\\n]', length: 1 };
		case '[': {
			// A bracket that comes first is a member of the class, in Python.
			const start = /^\[\^?\]?/.exec(from)?.[0] ?? '[';
			return { text: start.replace(']', '\\]'), length: start.length };
		}
		case '(':
			return group(from);
		case '{':
			// Python takes braces that are no count for themselves.
			return /^\{\d*(,\d*)?\}/.test(from) && !/^\{,?\}/.test(from)
				? { text: from[1] === ',' ? '{0' : '{', length: 1 }
				: { text: '\\{', length: 1 };
		case '*':
		case '+':
		case '?':
			if (from[1] === '+') throw new Error(`"${from.slice(0, 2)}", which never gives back, is not understood`);
			return { text: from[0], length: 1 };
		default:
			return { text: from[0] ?? '', length: 1 };
	}
}

function group(from: string): Place {
	const name = /^\(\?P<([A-Za-z_]\w*)>/.exec(from);
	if (name !== null) return { text: `(?<${name[1]}>`, length: name[0].length };
	const again = /^\(\?P=([A-Za-z_]\w*)\)/.exec(from);
	if (again !== null) return { text: `\\k<${again[1]}>`, length: again[0].length };
	const known = groups.find((start) => from.startsWith(start));
	if (known !== undefined) return { text: known, length: known.length };
	if (from[1] === '?') throw new Error(`"${from.slice(0, 4)}" is not understood`);
	return { text: '(', length: 1 };
}

function escaped(from: string): Place {
	const letter = from[1];
	if (letter === undefined) throw new Error('it ends with a backslash');
	if (letter === 'A') return { text: '(?<![\\s\\S])', length: 2 };
	if (letter === 'Z') return { text: END, length: 2 };
	return escapedAnywhere(from, 'bBdDsSwWnrtfvxu0123456789');
}

function inClass(rest: string, index: number): Place {
	const from = rest.slice(index);
	if (from[0] !== '\\') return { text: from[0] === '[' ? '\\[' : (from[0] ?? ''), length: 1 };
	return escapedAnywhere(from, 'bdDsSwWnrtfvxu01234567');
}

function escapedAnywhere(from: string, letters: string): Place {
	const letter = from[1] ?? '';
	if (letter === 'a') return { text: '\\x07', length: 2 };
	if (/[A-Za-z0-9]/.test(letter) && !letters.includes(letter)) throw new Error(`bad escape \\${letter}`);
	if (letter === 'x' && !/^\\x[0-9a-f]{2}/i.test(from)) throw new Error('\\x needs two hexadecimal digits');
	if (letter === 'u' && !/^\\u[0-9a-f]{4}/i.test(from)) throw new Error('\\u needs four hexadecimal digits');
	return {
		text: /[A-Za-z0-9]/.test(letter) || /[$^.*+?()[\]{}|/\\-]/.test(letter) ? `\\${letter}` : letter,
		length: 2,
	};
}
