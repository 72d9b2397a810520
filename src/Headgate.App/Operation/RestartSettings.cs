using Headgate.Configuration;

namespace Headgate.App.Operation;

/// <summary>The settings that a service reads once, when it starts: how it is reached, how it keeps its jobs, and how much memory answers may take. Not thread-safe.</summary>
internal sealed class RestartSettings
{
    private static readonly string[] Sections = ["/serve/", "/jobs/", "/total/cacheBytes"];

    private readonly IReadOnlyDictionary<string, string> _started;
    private HashSet<string> _told = [];

    /// <param name="root">The configuration at the start.</param>
    public RestartSettings(ConfigurationNode root) => _started = Of(root);

    /// <summary>Those that are others than at the start, and were not told yet; and those that were told and are as they were.</summary>
    public IReadOnlyList<(string Pointer, bool IsLive)> Changed(ConfigurationNode root)
    {
        var now = Of(root);
        var changed = _started.Keys.Union(now.Keys).Where(pointer => _started.GetValueOrDefault(pointer) != now.GetValueOrDefault(pointer)).ToHashSet();
        var told = (List<(string, bool)>)[.. changed.Except(_told).Order(StringComparer.Ordinal).Select(pointer => (pointer, false)), .. _told.Except(changed).Order(StringComparer.Ordinal).Select(pointer => (pointer, true))];
        _told = changed;
        return told;
    }

    private static Dictionary<string, string> Of(ConfigurationNode root) =>
        ConfigurationListing.Of(root).Where(value => Sections.Any(section => value.Pointer.StartsWith(section, StringComparison.Ordinal)) && !IsLive(value.Pointer)).ToDictionary(value => value.Pointer, value => value.Json);

    /// <summary>The limits of named queues change like all limits, and who may call like the tokens of files.</summary>
    private static bool IsLive(string pointer) => pointer.Split('/') is ["", "jobs", "queues", _, "limits", ..] or ["", "serve", "tokens" or "cors" or "hosts" or "rateLimits", ..];
}
