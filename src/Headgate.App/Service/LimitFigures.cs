using Headgate.Gates;
using Headgate.Limits;

namespace Headgate.App.Service;

/// <summary>How a limit stands.</summary>
/// <param name="Name">The limit, and whose it is.</param>
/// <param name="Limit">The limit; null for what is no limit of a server (a breaker, a pause it asked for, our own care).</param>
/// <param name="Granted">How many were let go of which it counts something.</param>
/// <param name="Held">How many it has held back.</param>
/// <param name="Available">How much of it is free.</param>
internal sealed record LimitFigure(string Name, Limit? Limit, long Granted, long Held, long Available);

/// <summary>What the gates have done.</summary>
/// <param name="Granted">Requests that were let go.</param>
/// <param name="Refused">Requests that were not: too late, too costly, no key.</param>
/// <param name="Limits">Each limit; those of the keys of an API that are alike together.</param>
internal sealed record LimitFigures(long Granted, long Refused, IReadOnlyList<LimitFigure> Limits)
{
    /// <summary>The lock is held for no more of them at once: others want to go.</summary>
    private const int AtATime = 256;

    /// <summary>Limits of so many APIs are told.</summary>
    public const int MostApis = 1000;

    /// <summary>Looks at all gates of an engine, one API after the other.</summary>
    public static LimitFigures Of(Engine engine)
    {
        var ((granted, refused), limits) = (engine.Dispatcher.Read(0, static (scheduler, _, _) => scheduler.Gone), new List<LimitFigure>());
        limits.AddRange(engine.Dispatcher.Read(engine.Total.Checkpoints.Concat(engine.Queues.Named.SelectMany(queue => queue.Scope.Checkpoints)), static (_, checkpoints, now) => checkpoints.Select(checkpoint => Figure(checkpoint, now)).ToList()));
        var number = 0;
        foreach (var api in engine.Upstreams)
        {
            var (went, did, own) = engine.Dispatcher.Read((api, IsTold: number++ < MostApis), static (_, it, now) =>
                (it.api.Gates.All.Sum(gate => gate.Granted), it.api.Gates.All.Sum(gate => gate.Refused), it.IsTold ? OfApi(it.api, now) : []));
            granted += went;
            refused += did;
            limits.AddRange(own);
            limits.AddRange(OfKeys(engine, api));
        }
        return new LimitFigures(granted, refused, limits);
    }

    private static List<LimitFigure> OfApi(Upstream api, long now) =>
        [.. api.Scope.Checkpoints.Concat(api.Gates.Parts.SelectMany(part => part.Scope.Checkpoints)).Select(checkpoint => Figure(checkpoint, now))];

    private static LimitFigure Figure(Checkpoint checkpoint, long now) =>
        new(checkpoint.Describe(), checkpoint.State is OwnState ? null : checkpoint.State.Limit, checkpoint.Granted, checkpoint.Held, checkpoint.State is OwnState ? 0 : checkpoint.State.Available(now));

    /// <summary>There may be 100,000 keys: those with the same limit are told together.</summary>
    private static IEnumerable<LimitFigure> OfKeys(Engine engine, Upstream api)
    {
        if (api.Keys is not { } pool)
            return [];
        var alike = new Dictionary<string, LimitFigure>();
        foreach (var some in pool.Keys.Chunk(AtATime))
            foreach (var figure in engine.Dispatcher.Read(some, static (_, keys, now) => keys.SelectMany(key => key.Scope.Checkpoints).Where(checkpoint => checkpoint.State is not OwnState).Select(checkpoint => Figure(checkpoint, now)).ToList()))
            {
                var name = $"{figure.Limit} (each key of {api.Name})";
                alike[name] = alike.TryGetValue(name, out var sum)
                    ? sum with { Granted = sum.Granted + figure.Granted, Held = sum.Held + figure.Held, Available = sum.Available + figure.Available }
                    : figure with { Name = name };
            }
        return alike.Values.Append(new LimitFigure($"the limits of all keys of {api.Name}", null, 0, pool.Held, 0));
    }
}
