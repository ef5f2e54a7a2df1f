/** The Kubernetes release that kubejoin reproduces: the answer of GET /version, and the version that clients report. */

/** @source the /version of v1.32.4; the dispatching kubectl of some packages chooses its behavior by `minor` */
export const kubernetesVersion = {
	major: '1',
	minor: '32',
	gitVersion: 'v1.32.4',
	gitCommit: '59526cd4867447956156ae3a602fcbac10a2c335',
	gitTreeState: 'clean',
	buildDate: '2025-04-22T16:02:27Z',
	goVersion: 'go1.23.6',
	compiler: 'gc',
	platform: 'linux/amd64',
} as const;
