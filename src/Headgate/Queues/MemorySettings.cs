using System.Collections.Concurrent;

namespace Headgate.Queues;

/// <summary>Settings in memory: gone with the process. Thread-safe.</summary>
internal sealed class MemorySettings : ISettingStore
{
    private readonly ConcurrentDictionary<(string Kind, string Name), string> _values = new();

    public Task<IReadOnlyDictionary<string, string>> ReadAsync(string kind) =>
        Task.FromResult<IReadOnlyDictionary<string, string>>(_values.Where(value => value.Key.Kind == kind).ToDictionary(value => value.Key.Name, value => value.Value));

    public Task WriteAsync(string kind, string name, string? value)
    {
        if (value is null)
            _values.TryRemove((kind, name), out _);
        else
            _values[(kind, name)] = value;
        return Task.CompletedTask;
    }
}
