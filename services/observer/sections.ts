/** Builds the sections of a step's details from text that programs sent. */
import { printable, printableLines } from '../../lib/text.ts';
import type { Check, DetailSection } from './api.ts';
import type { CheckKey, FieldKey, SectionKind } from './field-keys.ts';
import type { AttributeValue, Span } from './otlp.ts';
import { isSeenByServer, startOf, text } from './span-places.ts';

export type Fields<Key extends string = FieldKey> = [key: Key, value: AttributeValue | undefined][];

interface More extends Pick<DetailSection, 'parts' | 'isText' | 'checks' | 'lifetime' | 'comparison'> {
	readonly text?: string;
	readonly bytes?: Buffer;
}

export function section<Kind extends SectionKind>(
	kind: Kind,
	title: string,
	fields: Fields<Kind extends 'attributes' ? string : FieldKey>,
	{ text, bytes, parts, checks, comparison, ...more }: More = {},
): DetailSection {
	return {
		kind,
		title: printable(title),
		fields: fields.flatMap(([key, value]) =>
			value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
				? []
				: [{ key: printable(key), value: shown(value) }],
		),
		...(text === undefined ? {} : { text: printableLines(text) }),
		...(bytes === undefined ? {} : { bytes: bytes.toString('base64') }),
		...(parts === undefined || parts.length === 0 ? {} : { parts: parts.map(withShownValue) }),
		...(checks === undefined ? {} : { checks: checks.map(withShownValue) }),
		...(comparison === undefined
			? {}
			: {
					comparison: comparison.map(({ key, asked, issued }) => ({ key, asked: shown(asked), issued: shown(issued) })),
				}),
		...more,
	};
}

const shown = (value: AttributeValue): string =>
	(Array.isArray(value) ? value : [value]).map((one) => printable(String(one))).join('\n');

const withShownValue = <T extends { readonly value?: string }>(one: T): T =>
	one.value === undefined
		? one
		: {
				...one,
				value: one.value
					.split('\n')
					.map((line) => printable(line))
					.join('\n'),
			};

/** The checks up to the failed one passed, and those after it were not made. @param failed  undefined: all passed */
export function checksOf(keys: readonly CheckKey[], failed?: CheckKey | 'none'): readonly Check[] {
	if (failed === 'none') return keys.map((key) => ({ key, result: 'not-made' }));
	const at = failed === undefined ? keys.length : keys.indexOf(failed);
	return keys.map((key, index) => ({ key, result: index < at ? 'passed' : index === at ? 'failed' : 'not-made' }));
}

/** The spans of a join, to find the other spans of an object. */
export class Trace {
	readonly spans: readonly Span[];
	readonly #startMs: number;

	constructor(spans: readonly Span[]) {
		this.spans = spans;
		this.#startMs = startOf(spans);
	}

	find(name: string): Span | undefined {
		return this.spans.find((span) => span.name === name);
	}

	/** A request to the API server that it answered without an error. */
	request(verb: string, what: RegExp): Span | undefined {
		return this.spans.find(
			({ kind, failed, attributes }) =>
				kind === 'server' &&
				failed === undefined &&
				text(attributes, 'kubejoin.request.verb') === verb &&
				what.test(text(attributes, 'kubejoin.request.what')),
		);
	}

	/** The value of the first span that has it. */
	value(key: string): AttributeValue | undefined {
		return this.spans.find(({ attributes }) => attributes[key] !== undefined && attributes[key] !== '')?.attributes[
			key
		];
	}

	/** `system:node:node-1, +106 ms`: who did it, and when since the join began. */
	actAt(who: string, { startMs }: Span): string {
		return `${who}, +${Math.max(0, Math.round(startMs - this.#startMs))} ms`;
	}

	/** The program of a span; the node has its own name. */
	programOf(span: Span): string {
		const node = this.value('k8s.node.name');
		return (span.service === 'kubelet-sim' || isSeenByServer(span)) && typeof node === 'string' ? node : span.service;
	}
}
