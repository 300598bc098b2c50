"""What the API server knows of Kubernetes objects: pure functions over plain dicts; packaged data are read lazily.

Role: schemas, defaulting, pruning, validation, patches, server-side apply, selectors, tables and OpenAPI documents of
the built-in kinds of Kubernetes 1.36 and of CRDs. Not its job: storage, HTTP, webhooks, allocation of addresses.
Called by `mcp_cli.local.apiserver`. Import from the submodules: this package imports none of them.

Errors: `errors` (one constructor a reason; `StatusError.status` is the body, `.code` the HTTP status; `Cause`),
`fielderrors` (what is wrong with a field).

Models: `models` (`Model`: one served group, version and kind, with its `schema`, `subresources`, `scale`, `columns`;
`builtin_models`, `builtin_model(group, version, kind)`, `builtin_resource(group, version, plural)`, `crd_models(crd)`),
`discovery` (plain and aggregated), `schema`, `data`, `openapi` (`index`, `document`, `swagger`).

The life of a write. A step changes `obj` in place where it returns None.

    create                                             update (PUT, or the result of a patch)
    decoding.decode(model, obj, field_validation)      decoding.decode(model, new, field_validation)
        returns warnings; 400 for wrong types, and for unknown fields under "Strict"
    metadata.uid, creationTimestamp, namespace         resourceVersion checked by the caller
    defaulting.default(model, obj)                     defaulting.default(model, new)
    managers.track(model, None, obj, manager, now)     managers.track(model, old, new, manager, now, subresource)
        before admission: what the server adds belongs to nobody; not after `managers.apply`
    admission.admit(model, obj), webhooks              webhooks
    strategy.prepare_create(model, obj)                strategy.prepare_update(model, new, old, subresource)
    validation.validate_create(model, obj)             validation.validate_update(model, new, old, subresource)
        return causes, for `errors.invalid(group, kind, name, causes)`
                                                       managers.same_but_times(new, old): nothing is to be written

What is read from storage is defaulted again, because a CRD's schema may have changed.

Patches: `patches.json_patch`, `patches.merge_patch`, `strategic.strategic_patch(model, document, patch)`; the result
shares nothing with the document. `managers.apply(model, live, applied, manager, now, force, subresource)` is
server-side apply: `applied` is what the client sent, NOT decoded, for decoding adds fields that nobody applied; unknown
fields and wrong types are refused there. Its result then goes the way of a create or an update.

Queries: `selectors.parse(text)`, `selectors.from_object(label_selector)`, `fieldselectors.parse(model, text)`.
Values: `quantities`, `times`, `names`. Subresources: `scale.read`, `scale.write`. CRDs: `crds.accept_names`.
Output: `tables.table(model, objects, list_metadata=..., include_object=..., columns=...)`.
"""
