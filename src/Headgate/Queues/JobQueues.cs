namespace Headgate.Queues;

/// <summary>The named queues of a service: which of them a job goes to. Immutable.</summary>
internal static class JobQueues
{
    /// <summary>The one that jobs go to that no rule sends elsewhere.</summary>
    public const string Default = "default";
}
