using Headgate.Gates;
using Headgate.Keys;

namespace Headgate;

/// <summary>Pauses by hand: they end only when somebody ends them, whatever a server asks for meanwhile.</summary>
internal static class Pauses
{
    /// <summary>Nobody is let go to an API any more, or again.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="api">The API.</param>
    /// <param name="by">Who asks for it; null to end it.</param>
    public static void Pause(this Engine engine, Upstream api, string? by) => engine.Dispatcher.Change((api, by), static (scheduler, it, _) =>
    {
        it.api.Scope.Hold!.PausedBy = it.by;
        scheduler.Better(it.api.Scope.HoldPoint!);
    });

    /// <summary>A key is not chosen any more, or again.</summary>
    /// <inheritdoc cref="Pause(Engine, Upstream, string?)"/>
    /// <param name="engine">The engine.</param>
    /// <param name="api">Its API.</param>
    /// <param name="key">The key.</param>
    /// <param name="by">Who asks for it; null to end it.</param>
    public static void Pause(this Engine engine, Upstream api, PoolKey key, string? by) => engine.Dispatcher.Change((api, key, by), static (scheduler, it, now) =>
    {
        it.key.Scope.Hold!.PausedBy = it.by;
        if (it.api.Keys is not { } pool)
            return;
        pool.Touch(it.key, now);
        scheduler.Better(pool);
        scheduler.Better(it.key.Scope.Checkpoints);
    });

    /// <summary>A key that was not accepted is used again: somebody has mended it. One that its source does not give stays as it is.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="api">Its API.</param>
    /// <param name="key">The key.</param>
    public static void Revive(this Engine engine, Upstream api, PoolKey key)
    {
        if (key.DeadReason is null || key.IsRetired)
            return;
        api.Forget(key);
        engine.Dispatcher.Change((api, key), static (scheduler, it, now) =>
        {
            it.api.Keys?.Add(it.key, now);
            scheduler.Changed(it.api.Gates.All, now);
        });
        engine.Notice($"key {key.Name} of {api.Name} is used again");
    }
}
