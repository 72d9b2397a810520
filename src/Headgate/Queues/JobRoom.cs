namespace Headgate.Queues;

/// <summary>How much a scheduler takes and keeps.</summary>
/// <param name="MostWaiting">Beyond so many that wait to be begun, jobs are refused.</param>
/// <param name="LookAhead">So many of each lane wait in the gate itself.</param>
/// <param name="MostBegun">So many are under way altogether, whether they wait in the gate, for a retry or for their answer.</param>
internal sealed record JobRoom(int MostWaiting, int LookAhead, int MostBegun)
{
    /// <summary>So many of each lane are leased from a queue at once, where there is one.</summary>
    public int AtHand { get; init; } = JobFeed.Usual;
}
