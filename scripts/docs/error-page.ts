/** docs/errors.md, from the table of errors: what a person who searches for a code finds. It knows the form of the table and none of its rows. */
import { causesOf } from '../../lib/diagnoses.ts';
import { type Details, type ErrorCode, errorTable, grpcCode, KubejoinError, shownToCaller } from '../../lib/errors.ts';
import { table } from './table.ts';

/** Facts that show their own names. A fact that is a list holds one item. */
const lists: Details = {
	problems: ['{problem}'],
	presented: ['{presented}'],
	pinned: ['{pinned}'],
	allowed: ['{allowed}'],
	known: ['{known}'],
	begun: ['{begun}'],
	near: ['{near}'],
	causes: [{ field: '{field}', reason: '{reason}', message: '{message}' }],
};
const placeholders: Details = new Proxy(lists, { get: (_target, name) => lists[String(name)] ?? `{${String(name)}}` });

const grpcNames = new Map(Object.entries(grpcCode).map(([name, code]) => [code as number, name]));

/** Several lines are shown as they are printed. */
const remedyOf = ({ remedy }: KubejoinError): string =>
	remedy.includes('\n') ? `\n\n  \`\`\`text\n  ${remedy.replaceAll('\n', '\n  ')}\n  \`\`\`` : ` ${remedy}`;

function entryOf(code: ErrorCode) {
	const error = new KubejoinError(code, placeholders as never);
	const { http } = errorTable[code];
	const link = `[${code}](#${code.toLowerCase()})`;
	const row = [
		link,
		grpcNames.get(error.grpc) ?? '',
		http === undefined ? '-' : `${http.status} ${http.reason}`,
		String(error.exitCode),
	];
	const shownAs = shownToCaller(error).code;
	const shown =
		shownAs === code
			? ''
			: `A stranger is told [${shownAs}](#${shownAs.toLowerCase()}) instead; the log of the service has this.\n\n`;
	const causes = causesOf(code).map(
		(cause) => `When \`cause\` is \`${cause}\`:\n\n${adviceOf(new KubejoinError(code, withCause(cause) as never))}`,
	);
	const section = `## ${code}\n\n\`\`\`text\n${error.message}\n\`\`\`\n\n${shown}${[adviceOf(error), ...causes].join('\n')}`;
	return { row, section };
}

/** What a person is told below the sentence. */
const adviceOf = (error: KubejoinError): string =>
	[
		...(error.mostLikely === undefined ? [] : [`- Most likely: ${error.mostLikely}`]),
		...error.alsoPossible.map((text) => `- Also possible: ${text}`),
		`- Do this:${remedyOf(error)}`,
		'',
	].join('\n');

const withCause = (cause: string): Details =>
	new Proxy(lists, { get: (_target, name) => (name === 'cause' ? cause : placeholders[String(name)]) });

export function errorPage(): string {
	const entries = (Object.keys(errorTable) as ErrorCode[]).map(entryOf);
	return `# Errors

Made from [lib/errors.ts](../lib/errors.ts) by \`npm run docs\`; do not edit it here.

A failure has a code that never changes its meaning, a sentence that says what was found and what was wanted, what it most likely comes from
where that can be told ([lib/diagnoses.ts](../lib/diagnoses.ts)), and what to do. Where Kubernetes has a text, the sentence is that text. What
stands in braces is filled in when it happens. The code is the same in a terminal, in a log and in the trailer of a gRPC call; over HTTP it becomes a
Kubernetes \`Status\`. The last column is the exit code of a program that ends with it.

${table(
	['code', 'gRPC', 'HTTP', 'exit'],
	entries.map(({ row }) => row),
)}

${entries.map(({ section }) => section).join('\n')}`;
}
