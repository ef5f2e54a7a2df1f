/** Copies credentials of a service into the lab container, for attackers. They pass through no file of this machine. */
import { KubejoinError } from '../../../../lib/errors.ts';
import type { Stealable } from '../driver.ts';
import { findService } from './find-service.ts';
import type { LabContainer } from './lab-container.ts';
import type { ComposeProject } from './project.ts';

/** The lab container mounts the credentials of the admin from the start. */
const ADMIN_DIRECTORY = '/pki';

const secrets = {
	'ca-key': { service: 'ca-service', files: ['/pki/ca.crt', '/pki/ca.key'] },
	'mesh-client': {
		service: 'apiserver-sim',
		files: ['/pki/token-store-client.crt', '/pki/token-store-client.key', '/pki/mesh-ca.crt'],
	},
	'signing-client': {
		service: 'controller-manager-sim',
		files: ['/pki/mesh-client.crt', '/pki/mesh-client.key', '/pki/mesh-ca.crt'],
	},
} as const;

// The engine cannot unpack an archive into a tmpfs, so tar in the container does.
const UNPACK = 'umask 077; mkdir -p "$1" && tar -x -C "$1" --no-same-owner && chmod 600 "$1"/*';

/** @returns the directory in the lab container */
export async function steal(project: ComposeProject, lab: LabContainer, thing: Stealable): Promise<string> {
	if (thing === 'admin') return ADMIN_DIRECTORY;
	const { service, files } = secrets[thing];
	const { container } = await findService(project, service);
	const directory = `/lab/stolen/${thing}`;
	for (const path of files) {
		const stdin = await container.archive(path);
		const { code, stderr } = await lab.execute(['sh', '-c', UNPACK, 'sh', directory], { stdin });
		if (code !== 0)
			throw new KubejoinError('DOCKER_REFUSED', { action: `copy ${path} of ${service}`, problem: stderr.trim() });
	}
	return directory;
}
