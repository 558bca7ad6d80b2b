export const TENANT = 'acme';

/** Where every call is. */
export const MEDIA_NODE = 'node-1';
