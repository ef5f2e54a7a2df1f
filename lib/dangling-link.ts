import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface DanglingLink {
	readonly link: string;
	readonly target: string;
}

/**
 * The symbolic link that makes a path unusable: the path itself, a directory of it, or a link that one of these leads
 * to has a target that does not exist.
 */
export function danglingLinkOf(path: string): DanglingLink | undefined {
	try {
		for (let at = resolve(path); ; at = dirname(at)) {
			const stats = lstatSync(at, { throwIfNoEntry: false });
			if (stats === undefined && at !== dirname(at)) continue;
			if (stats?.isSymbolicLink() !== true || statSync(at, { throwIfNoEntry: false }) !== undefined) return undefined;
			const target = resolve(dirname(at), readlinkSync(at));
			return danglingLinkOf(target) ?? { link: at, target };
		}
	} catch {
		return undefined;
	}
}

/** Ends in the words by which `fileRemedy` knows the cause. */
export const danglingLinkText = ({ link, target }: DanglingLink): string =>
	`${link} is a symbolic link to ${target}, which does not exist`;
