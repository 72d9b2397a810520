using Headgate.Configuration;

namespace Headgate.Queues;

/// <summary>Says when too many jobs wait, and what that means for new ones; those that were accepted are never dropped. Pure.</summary>
/// <param name="threshold">So many that have not ended are too many.</param>
/// <param name="act">What is done then.</param>
/// <param name="most">Beyond so many, none is accepted whatever <paramref name="act"/> says.</param>
internal sealed class Backpressure(long threshold, BackpressureAct act, long most)
{
    /// <summary>How much later jobs are begun, as in the original service.</summary>
    public static readonly TimeSpan Later = TimeSpan.FromSeconds(10);

    /// <summary>What is done with new jobs while so many have not ended.</summary>
    public BackpressureAct At(long open) => open >= most ? BackpressureAct.Reject : open >= threshold ? act : BackpressureAct.None;

    /// <summary>Whether a job is refused.</summary>
    public static bool Refuses(BackpressureAct act, RequestPriority priority) =>
        act == BackpressureAct.Reject || (act == BackpressureAct.DropLowPriority && priority >= RequestPriority.Low);

    /// <summary>What is told of a job that is refused.</summary>
    public static string RefusalOf(BackpressureAct act) => act == BackpressureAct.Reject
        ? "so many jobs wait already that nothing is accepted"
        : "so many jobs wait already that nothing of low or background priority is accepted";

    /// <summary>How much later a job is begun that is accepted.</summary>
    public static TimeSpan DelayOf(BackpressureAct act) => act == BackpressureAct.Delay ? Later : TimeSpan.Zero;
}
