namespace Headgate.Jobs;

/// <summary>The members that a request may have.</summary>
internal enum JobField
{
    Unknown = 0,
    Id,
    CustomId,
    Url,
    Method,
    Headers,
    Params,
    Data,
    BodyBase64,
    BodyFile,
    Priority,
    Timeout,
    Retries,
    RetryDelay,
    Context,
    Tags,
    Tenant,
    Queue,
    NotBefore,
    StartBy,
    Deadline,
    IdempotencyKey,
    Cost,
    Country,
    Expect,
    Callback,
}
