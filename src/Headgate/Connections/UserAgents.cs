using Headgate.Configuration;

namespace Headgate.Connections;

/// <summary>The names that requests to an API go by, in turn: one for each request, which all its attempts keep. Thread-safe.</summary>
/// <param name="names">At least one.</param>
internal sealed class UserAgents(ValueList<string> names)
{
    private static readonly HttpRequestOptionsKey<Chosen> Key = new("headgate.user-agent");

    private int _last = -1;

    /// <summary>The name of a request.</summary>
    /// <param name="request">The request as the caller gave it, where the choice is kept; it has attempts one after the other.</param>
    public string Of(HttpRequestMessage request)
    {
        // A redirect may have led it here from another API, with other names.
        if (request.Options.TryGetValue(Key, out var chosen) && chosen.By == this)
            return chosen.Name;
        var name = names[(int)((uint)Interlocked.Increment(ref _last) % (uint)names.Count)];
        request.Options.Set(Key, new Chosen(this, name));
        return name;
    }

    private sealed record Chosen(UserAgents By, string Name);
}
