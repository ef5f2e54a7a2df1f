/**
 * Whether an LMDB file is whole, found without LMDB: on a truncated or overwritten file the library ends the process by
 * SIGBUS or SIGSEGV. Reads the header of every page that the newest transaction reaches, and never writes.
 * @source LMDB 0.9.90, mdb.c: MDB_page_header, MDB_meta, MDB_db, MDB_node; compared with files that lmdb 3.5 wrote
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { isMissing, openForReading } from '../files.ts';

const PAGE_HEADER = 24;
const META_BYTES = PAGE_HEADER + 136;
const NODE_HEADER = 8;
const DB_BYTES = 48;
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const flag = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 } as const;
/** All that say how a page is read: with those above, a leaf of keys of one length, and a page inside a value. */
const PAGE_FORMS = 0x6f;
/** Of a node: its value is on pages of its own, or is a database. */
const nodeFlag = { bigData: 0x01, subDatabase: 0x02 } as const;
/** A key has several values, which the store does not use. */
const DUPLICATES = 0x04;
/** Of a database: the order of its keys, and forms of duplicates. */
const TREE_FORMS = 0x7e;

interface Tree {
	readonly flags: number;
	readonly depth: number;
	readonly root: bigint;
}
interface Meta {
	readonly pageSize: number;
	readonly lastPage: number;
	readonly transaction: bigint;
	readonly trees: readonly [free: Tree, main: Tree];
}
/** Called with each value of the databases in the file. */
export type OnValue = (value: Buffer) => void;

/**
 * Why the file cannot be opened with LMDB; undefined when it can, or when there is no file or an empty one, which LMDB
 * fills.
 *
 * @throws the error of the file system, such as EACCES
 */
export function lmdbProblem(path: string, onValue?: OnValue): string | undefined {
	const file = openIfThere(path);
	if (file === undefined) return undefined;
	try {
		const { size } = fstatSync(file);
		if (size === 0) return undefined;
		checkPages(file, size, onValue);
		return undefined;
	} catch (error) {
		if (error instanceof Damage) return error.message;
		throw error;
	} finally {
		closeSync(file);
	}
}

class Damage extends Error {}

function openIfThere(path: string): number | undefined {
	try {
		return openForReading(path);
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw error;
	}
}

function read(file: number, length: number, position: number): Buffer {
	const bytes = Buffer.alloc(length);
	const found = readSync(file, bytes, 0, length, position);
	if (found < length) throw new Damage(`it ends after ${position + found} bytes, in the middle of a page`);
	return bytes;
}

function checkPages(file: number, size: number, onValue: OnValue | undefined): void {
	const first = readMeta(read(file, META_BYTES, 0), 0);
	const second = readMeta(read(file, META_BYTES, first.pageSize), 1);
	if (first.pageSize !== second.pageSize) throw new Damage('its two meta pages disagree about the size of a page');
	const meta = first.transaction >= second.transaction ? first : second;
	const seen = new Set<number>();
	const waiting: (Tree & { readonly hasValues: boolean })[] = meta.trees.map((tree, index) => ({
		...tree,
		hasValues: index === 1,
	}));
	for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
		if (tree.root === NO_PAGE) continue;
		const page = readPage(file, { ...meta, size, seen }, tree.root);
		const isLeaf = tree.depth <= 1;
		if (formOf(page) !== (isLeaf ? flag.leaf : flag.branch))
			throw new Damage(`page ${page.number} is not the ${isLeaf ? 'leaf' : 'branch'} page that it has to be`);
		for (const node of nodesOf(page)) {
			if (!isLeaf) {
				waiting.push({ ...tree, depth: tree.depth - 1, root: BigInt(node.childPage) });
				continue;
			}
			if (node.flags & DUPLICATES) throw unusual(page);
			if (node.flags & nodeFlag.subDatabase) {
				const inner = readTree(valueIn(page, node, DB_BYTES), 0);
				if (inner.flags & TREE_FORMS) throw unusual(page);
				waiting.push({ ...inner, hasValues: true });
			} else if (node.flags & nodeFlag.bigData) {
				const value = readOverflow(
					file,
					{ ...meta, size, seen },
					valueIn(page, node, 8).readBigUInt64LE(),
					node.valueLength,
				);
				if (tree.hasValues && onValue !== undefined) onValue(value());
			} else if (tree.hasValues) onValue?.(valueIn(page, node, node.valueLength));
		}
	}
}

const formOf = ({ flags }: Pick<Page, 'flags'>): number => flags & PAGE_FORMS;
const unusual = ({ number }: Page): Damage =>
	new Damage(`page ${number} was overwritten: an entry has a form that the store does not use`);

function readMeta(page: Buffer, index: number): Meta {
	const isMeta =
		page.readUInt32LE(PAGE_HEADER) === MAGIC &&
		page.readBigUInt64LE(0) === BigInt(index) &&
		page.readUInt16LE(18) === flag.meta;
	if (!isMeta)
		throw new Damage(`${index === 0 ? 'it does not begin with' : 'its second page is not'} a meta page of LMDB`);
	const version = page.readUInt32LE(PAGE_HEADER + 4);
	if (version !== VERSION)
		throw new Damage(`it has version ${version} of the format, and version ${VERSION} is needed`);
	const pageSize = page.readUInt32LE(48);
	const isPageSize = pageSize >= 512 && pageSize <= 65_536 && (pageSize & (pageSize - 1)) === 0;
	const lastPage = page.readBigUInt64LE(144);
	if (!isPageSize || lastPage < 1n || lastPage > BigInt(Number.MAX_SAFE_INTEGER))
		throw new Damage(`its meta page ${index} is not valid`);
	const trees = [readTree(page, 48), readTree(page, 48 + DB_BYTES)] as const;
	return { pageSize, lastPage: Number(lastPage), transaction: page.readBigUInt64LE(152), trees };
}

const readTree = (bytes: Buffer, at: number): Tree => ({
	flags: bytes.readUInt16LE(at + 4),
	depth: bytes.readUInt16LE(at + 6),
	root: bytes.readBigUInt64LE(at + 40),
});

interface Place {
	readonly pageSize: number;
	readonly lastPage: number;
	/** Of the present state: its pages are of this transaction or of older ones. */
	readonly transaction: bigint;
	/** Length of the file in bytes. */
	readonly size: number;
	/** Pages that were read, so that no page belongs to two trees. */
	readonly seen: Set<number>;
}
interface Page {
	readonly number: number;
	readonly flags: number;
	readonly bytes: Buffer;
}

/** The page of that number, with a header that fits it. @param length  bytes to read of it, by default all */
function readPage(file: number, place: Place, wanted: bigint, length = place.pageSize): Page {
	const { pageSize, lastPage, transaction, size, seen } = place;
	if (wanted < 2n || wanted > BigInt(lastPage))
		throw new Damage(`it refers to page ${wanted}, and its last page is ${lastPage}`);
	const number = Number(wanted);
	if ((number + 1) * pageSize > size)
		throw new Damage(
			`it has ${size} bytes, and page ${number} ends at byte ${(number + 1) * pageSize}: it was truncated`,
		);
	if (seen.has(number)) throw new Damage(`page ${number} is referred to twice`);
	seen.add(number);
	const bytes = read(file, length, number * pageSize);
	if (bytes.readBigUInt64LE(0) !== wanted)
		throw new Damage(`page ${number} was overwritten: its header is that of another page`);
	// LMDB would take it for a page that a transaction of its own has changed.
	if (bytes.readBigUInt64LE(8) > transaction)
		throw new Damage(`page ${number} was overwritten: it is newer than the last transaction`);
	return { number, flags: bytes.readUInt16LE(18), bytes };
}

interface Node {
	readonly flags: number;
	/** Meaningful only in a node of a branch page. */
	readonly childPage: number;
	readonly valueLength: number;
	/** Offset of its value in the page. */
	readonly valueAt: number;
}

function* nodesOf({ number, bytes, flags }: Page): Generator<Node> {
	const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)];
	const damaged = () => new Damage(`page ${number} was overwritten: its entries do not fit into it`);
	if (lower % 2 !== 0 || lower > upper || upper + PAGE_HEADER > bytes.length) throw damaged();
	for (let index = 0; index < lower / 2; index++) {
		const at = PAGE_HEADER + bytes.readUInt16LE(PAGE_HEADER + 2 * index);
		if (at < PAGE_HEADER + upper || at + NODE_HEADER > bytes.length) throw damaged();
		const [low, high, flagsOfNode] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2), bytes.readUInt16LE(at + 4)];
		const valueAt = at + NODE_HEADER + bytes.readUInt16LE(at + 6);
		if (valueAt > bytes.length) throw damaged();
		const valueLength = low + high * 0x1_0000;
		const childPage = flags & flag.branch ? valueLength + flagsOfNode * 0x1_0000_0000 : 0;
		yield { flags: flagsOfNode, childPage, valueLength, valueAt };
	}
}

function valueIn({ number, bytes }: Page, { valueAt }: Node, length: number): Buffer {
	if (valueAt + length > bytes.length) throw new Damage(`page ${number} was overwritten: a value does not fit into it`);
	return bytes.subarray(valueAt, valueAt + length);
}

/** @returns reads the value, which is on consecutive pages with one header */
function readOverflow(file: number, place: Place, wanted: bigint, length: number): () => Buffer {
	const { number, flags, bytes } = readPage(file, place, wanted, PAGE_HEADER);
	const last = number + bytes.readUInt32LE(20) - 1;
	if (
		formOf({ flags }) !== flag.overflow ||
		PAGE_HEADER + length > (last - number + 1) * place.pageSize ||
		last > place.lastPage
	)
		throw new Damage(`page ${number} was overwritten: it is not the first page of a long value`);
	if ((last + 1) * place.pageSize > place.size) throw new Damage(`page ${last} is missing: it was truncated`);
	for (let next = number + 1; next <= last; next++) {
		if (place.seen.has(next)) throw new Damage(`page ${next} is referred to twice`);
		place.seen.add(next);
	}
	return () => read(file, length, number * place.pageSize + PAGE_HEADER);
}
