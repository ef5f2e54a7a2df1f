/**
 * The names that a CA may sign for (RFC 5280 section 4.2.1.10), with Go's rules and texts. Readers throw a plain Error,
 * as those of der.ts do.
 */
import { ipBytes, ipText } from '../address.ts';
import { checkedText, type DerNode, isTag, itemsOfSequence, itemsOfTag, readDer, taggedPrimitive } from './der.ts';
import { generalNameTags, type SubjectAltNames } from './names.ts';

type Kind = 'dns' | 'email' | 'ip' | 'uri';
interface Constraint {
	readonly kind: Kind;
	readonly bytes: Buffer;
}
export interface NameConstraints {
	readonly permitted: readonly Constraint[];
	readonly excluded: readonly Constraint[];
	/** True if it also constrains names of another kind, which nothing here compares. */
	readonly hasOthers: boolean;
}

const kindOf: ReadonlyMap<number, Kind> = new Map(
	Object.entries(generalNameTags).map(([kind, tag]) => [tag, kind as Kind]),
);
const nouns: Readonly<Record<Kind, string>> = { dns: 'DNS name', email: 'email address', ip: 'IP address', uri: 'URI' };

/** @param der  contents of the extension */
export function readNameConstraints(der: Buffer): NameConstraints {
	const lists = itemsOfSequence(readDer(der));
	const subtrees = (tag: number): DerNode[] => {
		const list = lists.find((node) => isTag(node, tag));
		return list === undefined ? [] : itemsOfTag(list, tag);
	};
	const read = (subtree: DerNode): Constraint | undefined => {
		const [base] = itemsOfSequence(subtree);
		const name = base === undefined ? undefined : taggedPrimitive(base);
		const kind = name === undefined ? undefined : kindOf.get(name.tag);
		return name === undefined || kind === undefined ? undefined : { kind, bytes: name.bytes };
	};
	const permitted = subtrees(0).map(read);
	const excluded = subtrees(1).map(read);
	const known = (list: readonly (Constraint | undefined)[]) => list.filter((one) => one !== undefined);
	return {
		permitted: known(permitted),
		excluded: known(excluded),
		hasOthers: [...permitted, ...excluded].includes(undefined),
	};
}

/** The first name that the constraints forbid, in Go's words. @source crypto/x509 checkNameConstraints */
export function forbiddenName(names: SubjectAltNames, constraints: NameConstraints): string | undefined {
	for (const kind of ['email', 'dns', 'uri', 'ip'] as const) {
		const of = (list: readonly Constraint[]) => list.filter((constraint) => constraint.kind === kind);
		for (const name of names[kind]) {
			const what = `${nouns[kind]} ${JSON.stringify(name)}`;
			const excluding = of(constraints.excluded).find((constraint) => isWithin(name, constraint));
			if (excluding !== undefined)
				return `${what} is excluded by constraint ${JSON.stringify(constraintText(excluding))}`;
			const permitted = of(constraints.permitted);
			if (permitted.length > 0 && !permitted.some((constraint) => isWithin(name, constraint)))
				return `${what} is not permitted by any constraint`;
		}
	}
	return undefined;
}

function isWithin(name: string, { kind, bytes }: Constraint): boolean {
	if (kind === 'ip') return isWithinNetwork(name, bytes);
	const constraint = checkedText(bytes, 'ia5').toLowerCase();
	if (kind === 'dns') return isWithinDomain(name, constraint);
	if (kind === 'uri') return isWithinDomain(hostOfUri(name), constraint);
	const at = name.lastIndexOf('@');
	const [mailbox, domain] = [name.slice(0, at), name.slice(at + 1)];
	if (!constraint.includes('@')) return isWithinDomain(domain, constraint);
	const split = constraint.lastIndexOf('@');
	const wanted = checkedText(bytes, 'ia5').slice(0, split);
	return mailbox === wanted && domain.toLowerCase() === constraint.slice(split + 1);
}

/** An empty constraint is every domain; one with a dot in front is every domain below it. */
function isWithinDomain(name: string, constraint: string): boolean {
	if (constraint === '') return true;
	const mustBeBelow = constraint.startsWith('.');
	const wanted = constraint
		.slice(mustBeBelow ? 1 : 0)
		.split('.')
		.reverse();
	const found = name.toLowerCase().split('.').reverse();
	if (found.includes('')) throw new Error(`${JSON.stringify(name)} cannot be compared with a name constraint`);
	return found.length >= wanted.length + (mustBeBelow ? 1 : 0) && wanted.every((label, i) => label === found[i]);
}

function hostOfUri(uri: string): string {
	const host = URL.canParse(uri) ? new URL(uri).hostname : '';
	if (host === '' || host.startsWith('[') || ipBytes(host) !== undefined)
		throw new Error(`the URI ${JSON.stringify(uri)} has no host name that a name constraint can be compared with`);
	return host;
}

/** @param network  address and mask, 8 or 32 bytes */
function isWithinNetwork(name: string, network: Buffer): boolean {
	const address = ipBytes(name);
	const half = network.length / 2;
	if (half !== 4 && half !== 16) throw new Error('a name constraint is not a network');
	return (
		address?.length === half &&
		address.every((byte, i) => (byte & (network[half + i] ?? 0)) === ((network[i] ?? 0) & (network[half + i] ?? 0)))
	);
}

function constraintText({ kind, bytes }: Constraint): string {
	if (kind !== 'ip') return checkedText(bytes, 'ia5');
	const half = bytes.length / 2;
	const bits = [...bytes.subarray(half)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
	return `${ipText(bytes.subarray(0, half))}/${bits.replace(/0*$/, '').length}`;
}
