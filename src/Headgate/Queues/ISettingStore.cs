namespace Headgate.Queues;

/// <summary>Keeps what was set while the service runs and is to hold at the next start: texts by their kind and name. Thread-safe.</summary>
internal interface ISettingStore
{
    /// <summary>All of a kind.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    Task<IReadOnlyDictionary<string, string>> ReadAsync(string kind);

    /// <summary>Keeps a text in place of the one of its name, or, with null, none; when it comes back that outlives a power failure.</summary>
    /// <exception cref="JobStoreException">It was not kept.</exception>
    Task WriteAsync(string kind, string name, string? value);
}
