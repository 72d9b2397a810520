using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Operation;

/// <summary>How a limit stands at a moment.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="IsLearned">The server told of it; nobody declared it.</param>
/// <param name="Left">How much of it could be taken at once; null where nothing is known of it yet, since nothing was asked for.</param>
/// <param name="Wait">How long until one more can be taken; null where only the end of something under way can tell, or nothing is known.</param>
internal sealed record LimitView(Limit Limit, bool IsLearned, long? Left, TimeSpan? Wait)
{
    /// <summary>The limits of a scope. Needs the dispatcher's lock.</summary>
    public static IReadOnlyList<LimitView> OfNeedsLock(Scope scope, long now) =>
        [.. scope.Checkpoints.Where(checkpoint => !checkpoint.State.CountsAttempts).Select(checkpoint => OfNeedsLock(checkpoint, now))];

    /// <summary>Limits of which nothing was taken yet.</summary>
    public static IReadOnlyList<LimitView> Of(IEnumerable<Limit> limits) => [.. limits.Select(limit => new LimitView(limit, false, null, null))];

    private static LimitView OfNeedsLock(Checkpoint checkpoint, long now)
    {
        var (left, at) = (checkpoint.State.Available(now), checkpoint.State.FreeAt(1, now));
        return new LimitView(checkpoint.State.Limit, checkpoint.IsLearned, left, at == Clock.Never ? null : Clock.Span(Math.Max(0, at - now)));
    }
}

/// <summary>The limits of one place, as declared and as they stand.</summary>
/// <param name="Place">The place.</param>
/// <param name="Declared">What is declared there.</param>
/// <param name="Set">Who set it while the service ran; null where it is what the configuration says.</param>
/// <param name="Now">How they stand; empty where they are those of many: of each key, of each API without limits of its own.</param>
internal sealed record PlaceView(LimitPlace Place, IReadOnlyList<string> Declared, LimitOverride? Set, IReadOnlyList<LimitView> Now)
{
    /// <summary>All places of a service.</summary>
    public static IReadOnlyList<PlaceView> Of(LiveConfiguration live, Engine engine)
    {
        var configuration = engine.Configuration;
        return [.. LimitPlace.Of(configuration).Select(place => new PlaceView(place, place.TextsIn(configuration), live.Set.Of(place), NowOf(place, engine)))];
    }

    private static IReadOnlyList<LimitView> NowOf(LimitPlace place, Engine engine)
    {
        if (ScopeOf(place, engine) is { } scope)
            return engine.Dispatcher.Read(scope, static (_, scope, now) => LimitView.OfNeedsLock(scope, now));
        return engine.Configuration.Upstreams.Any(api => api.Name == place.Name || place.Name.StartsWith($"{api.Name}/route:", StringComparison.Ordinal) || place.Name.StartsWith($"{api.Name}/geo:", StringComparison.Ordinal))
            ? LimitView.Of(place.TextsIn(engine.Configuration).Select(text => Limit.TryParse(text, out var limit, out _) ? limit : null).OfType<Limit>())
            : [];
    }

    private static Scope? ScopeOf(LimitPlace place, Engine engine)
    {
        foreach (var api in engine.Upstreams)
            foreach (var (_, scope) in api.Gates.Parts.Prepend((api.Name, api.Scope)))
                if (scope.Name == place.Name)
                    return scope;
        foreach (var (name, scope) in engine.Queues.Named)
            if (name == place.Name)
                return scope;
        return place.Pointer.StartsWith("/total/", StringComparison.Ordinal) ? engine.Total : null;
    }
}
