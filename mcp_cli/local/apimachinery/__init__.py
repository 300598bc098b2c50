"""What the API server knows of Kubernetes objects: pure functions over plain dicts, no I/O but packaged data read lazily.

Role: schemas, defaulting, pruning, validation, patches, server-side apply, selectors, tables and OpenAPI documents of the
built-in kinds of Kubernetes 1.36 and of CRDs. Not its job: storage, HTTP, admission webhooks, allocation of addresses.
Called by `mcp_cli.local.apiserver`. Import from the submodules; this package imports none of them (start-up stays light).

Errors (`errors.py`)
    class StatusError(Exception): .status: dict (the `Status` object); .code: int; .reason: str
    Cause(reason, message, field): NamedTuple, an entry of `Status.details.causes` (FieldValueRequired, FieldValueInvalid, ...)
    status(code, reason, message, details=None) -> dict          success(details) -> dict
    not_found(group, plural, name); already_exists(group, plural, name); conflict(group, plural, name, message=None);
    invalid(group, kind, name, causes); bad_request(message); forbidden(group, plural, name, message); unauthorized();
    gone(message) [410 Expired]; method_not_allowed(group, plural, verb); not_acceptable(message);
    unsupported_media_type(got, supported); too_large(message); internal(message); unavailable(message);
    page_not_found()                                              -> StatusError, to be raised

Models (`models.py`): one served group/version/kind
    class Model: group, version, kind, plural, singular, short_names, categories, namespaced, builtin, storage_version,
        verbs: tuple[str, ...], subresources: dict[str, dict] (name -> discovery entry: {"kind","group","version","verbs"}),
        schema: Schema (compiled on first use), api_version; for CRDs also: crd (the dict), crd_version (its versions[] entry),
        scale: dict | None (specReplicasPath, statusReplicasPath, labelSelectorPath), columns (additionalPrinterColumns)
    builtin_models() -> list[Model]                               every built-in resource of 1.36, in discovery order
    builtin_model(group, version, kind) -> Model | None;  builtin_resource(group, version, plural) -> Model | None
    crd_models(crd: dict) -> list[Model]                          one for each served version
    discovery.groups(models) -> dict (APIGroupList); discovery.group(models, name) -> dict | None (APIGroup);
    discovery.resources(models, group, version) -> dict (APIResourceList)
    discovery.aggregated(models, *, legacy: bool) -> dict         APIGroupDiscoveryList v2 (legacy: the core group, for /api)

The life of a write (each step mutates `obj` in place where it says so)
    decoding.decode(model, obj, field_validation="Warn") -> list[str]          prunes/normalises in place, returns the warnings for the
        `Warning: 299 - "..."` headers; raises 400 for wrong types, and for unknown fields under "Strict" (kubectl's words)
    defaulting.default(model, obj) -> None                        in place; also on what is read from storage; idempotent
    admission.admit(model, obj) -> None                           in place, on create: the API server's own admission that needs no
        other object (tolerations and priority of pods, the taint of new nodes, protecting finalizers)
    strategy.prepare_create(model, obj) -> None                   in place: drops status, generation 1, kind specific initial status
    strategy.prepare_update(model, new, old, subresource="") -> None   in place: keeps what this (sub)resource may not write,
        metadata that is system owned, bumps generation when the spec changed
    validation.validate_create(model, obj) -> list[Cause]
    validation.validate_update(model, new, old, subresource="") -> list[Cause]
        raise errors.invalid(model.group, model.kind, name, causes) when there are any
    metadata (uid, creationTimestamp, resourceVersion, namespace, generateName) is the API server's; names.generate(base) -> str

Patches (`patches.py`, `strategic.py`)
    json_patch(document, operations: list) -> dict                raises StatusError (422 as the API server does)
    merge_patch(document, patch) -> dict
    strategic_patch(model, document, patch) -> dict               built-in kinds only; CRDs: raise unsupported_media_type
        none of them changes its arguments

Server-side apply and managers (`managers.py`)
    apply(model, live: dict | None, applied: dict, *, manager, now, force=False, subresource="") -> dict
        merged object with new metadata.managedFields; raises 409 with causes FieldManagerConflict. `live` None: create.
        `applied` is what the client sent, NOT decoded (decode would add fields that nobody applied): unknown fields and wrong
        types are refused here. Then decode, default, admit, prepare and validate the result.
    track(model, live: dict | None, new: dict, *, manager, now, subresource="") -> None
        in place: managedFields of `new` after create, update, patch (operation Update). Call it right after decode and
        default, before admission and prepare (what these set is nobody's). Not after `apply`.
    manager_name(user_agent: str, field_manager: str | None) -> str
    same_but_times(a, b) -> bool                                  True when only managedFields' times differ: write nothing

Selectors (`selectors.py`, `fieldselectors.py`)
    selectors.parse(text) -> Selector; Selector.matches(labels: dict | None) -> bool; str(selector) is canonical; raises 400
    selectors.from_object(label_selector: dict) -> Selector       metav1.LabelSelector
    fieldselectors.parse(model, text) -> FieldSelector; .matches(obj) -> bool; .exact("metadata.name") -> str | None; raises 400

Values
    quantities.parse(text | number) -> Decimal; canonical(text) -> str; compare(a, b) -> int
    times.now() -> "2026-11-21T11:10:27Z"; times.now_micro(); times.parse(text) -> datetime; times.human_duration(seconds) -> "5m30s"
    names.generate(base) -> str (5 random characters); names.is_dns1123_label/subdomain(value) -> list[str] (messages)

CRDs (`crds.py`): the definitions themselves are objects of the built-in kind CustomResourceDefinition
    validation.validate_* and defaulting.default cover them (names, structural schemas, CEL rules), then:
    accept_names(crd, others: list[dict]) -> None                 in place: status.acceptedNames, conditions NamesAccepted and
                                                                  Established, storedVersions, against the other CRDs' names
Scale (`scale.py`)
    read(model, obj) -> dict                                      autoscaling/v1 Scale of Deployment, ReplicaSet, StatefulSet, RC, CRDs
    write(model, obj, scale: dict) -> dict                        a copy of obj with the new replicas; raises 422 when negative

Tables (`tables.py`)
    table(model, objects: list[dict], *, list_metadata: dict, include_object="Metadata", now: datetime | None = None,
          columns: bool = True, api_version="meta.k8s.io/v1") -> dict       meta.k8s.io/v1 Table; `columns=False` for later watch events

OpenAPI (`openapi.py`)
    index(models) -> dict                                         body of /openapi/v3
    document(models, group, version) -> dict                      body of /openapi/v3/apis/G/V (api/v1 for the core group)
    swagger(models) -> bytes                                      body of /openapi/v2 as gnostic protobuf (what kubectl asks for)
    swagger_json(models) -> dict                                  the same as JSON
"""
