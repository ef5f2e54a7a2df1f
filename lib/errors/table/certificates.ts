/** Errors of certificates, certificate requests, keys and signing. */
import { defineError, grpcCode, type None } from '../row.ts';

export const certificateErrors = {
	CSR_MALFORMED: defineError<{ problem: string }>({
		message: (f) => `the certificate request cannot be parsed: ${f.problem}`,
		remedy: () =>
			'Send a PEM block of type CERTIFICATE REQUEST (PKCS#10) with an RSA (2048 bits or more), ' +
			'EC (P-256, P-384, P-521) or Ed25519 key',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	CSR_SIGNATURE_INVALID: defineError<None>({
		message: () => 'the signature of the certificate request does not verify with its own public key',
		remedy: () => 'Create the request again with the private key that belongs to it',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	SIGNER_UNKNOWN: defineError<{ signerName: string }>({
		message: (f) => `there is no signer "${f.signerName}"`,
		remedy: () =>
			'Use kubernetes.io/kube-apiserver-client, kubernetes.io/kube-apiserver-client-kubelet or ' +
			'kubernetes.io/kubelet-serving',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	SIGNER_VALIDATION_FAILURE: defineError<{ signerName: string; violation: string }>({
		message: (f) => f.violation,
		remedy: (f) => `Change the subject, names or usages to those that ${f.signerName} allows, or use another signer`,
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	SIGNER_EXPIRED: defineError<{ notAfter: string }>({
		message: (f) => `the signer has expired: its certificate was valid until ${f.notAfter}`,
		remedy: () => 'Rotate the cluster CA',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	SIGNING_CONFLICT: defineError<{ requestId: string }>({
		message: (f) => `the request "${f.requestId}" was already signed with different contents`,
		remedy: () => 'Delete the CertificateSigningRequest and create it again',
		grpc: grpcCode.ALREADY_EXISTS,
	}),
	CERTIFICATE_MALFORMED: defineError<{ problem: string; remedy?: string | undefined }>({
		message: (f) => `the certificate cannot be parsed: ${f.problem}`,
		remedy: (f) => f.remedy ?? 'Give a PEM file with a block of type CERTIFICATE',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	KEY_MALFORMED: defineError<{ problem: string; remedy?: string | undefined }>({
		message: (f) => `the private key cannot be parsed: ${f.problem}`,
		remedy: (f) => f.remedy ?? 'Give an unencrypted PEM block of type EC PRIVATE KEY, RSA PRIVATE KEY or PRIVATE KEY',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
};
