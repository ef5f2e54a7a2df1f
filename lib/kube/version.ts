/**
 * The Kubernetes release that kubejoin reproduces: the answer of GET /version, the version of a node, and the version
 * in kubeadm's configuration. kubeadm joins only control planes of its own minor version and of the one before.
 */

/** @source the recorded /version of kube-apiserver 1.37.2; the dispatching kubectl of some packages reads `minor` */
export interface VersionInfo {
	readonly major: string;
	readonly minor: string;
	readonly emulationMajor: string;
	readonly emulationMinor: string;
	readonly minCompatibilityMajor: string;
	readonly minCompatibilityMinor: string;
	readonly gitVersion: string;
	readonly gitCommit: string;
	readonly gitTreeState: string;
	readonly buildDate: string;
	readonly goVersion: string;
	readonly compiler: string;
	readonly platform: string;
}

/** The minor versions that a mesh can claim to be, with the patch release of each. */
const releases = { '1.37': 'v1.37.2', '1.36': 'v1.36.3', '1.35': 'v1.35.6' } as const;
export type KubernetesMinor = keyof typeof releases;
export const kubernetesMinors = Object.keys(releases) as readonly KubernetesMinor[];
export const defaultMinor: KubernetesMinor = '1.37';

export function versionOf(release: KubernetesMinor): VersionInfo {
	const [major = '', minor = ''] = release.split('.');
	return {
		major,
		minor,
		emulationMajor: major,
		emulationMinor: minor,
		minCompatibilityMajor: major,
		minCompatibilityMinor: String(Number(minor) - 1),
		gitVersion: releases[release],
		gitCommit: '0000000000000000000000000000000000000000',
		gitTreeState: 'archive',
		buildDate: '2026-11-25T00:00:00Z',
		goVersion: 'go1.26.8',
		compiler: 'gc',
		platform: 'linux/amd64',
	};
}

export const kubernetesVersion: VersionInfo = versionOf(defaultMinor);
