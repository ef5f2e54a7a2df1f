/** The Kubernetes release whose behaviour is reproduced: what GET /version answers and what clients say of themselves. */

/** @source the /version of the real v1.32.4; the dispatching kubectl of some packages chooses its behaviour by `minor` */
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
