using System.Threading.Tasks.Sources;
using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.Gates;

internal enum PermitState : byte
{
    Waiting,
    Granted,
    Sent,
    Answered,
    Ended,
    Refused,
}

/// <summary>
/// The right to send one attempt: first the place in the gate's queue, then the hold on every limit and the key, until the attempt has ended.
/// Owned by the lock of its dispatcher, but for awaiting it.
/// </summary>
internal sealed class Permit : IValueTaskSource<Permit>
{
    private ManualResetValueTaskSourceCore<Permit> _source = new() { RunContinuationsAsynchronously = true };

    public Permit(Lane lane, long enqueuedAt, long expiresAt) => (Lane, EnqueuedAt, ExpiresAt) = (lane, enqueuedAt, expiresAt);

    public Lane Lane { get; }

    public long EnqueuedAt { get; }

    /// <summary>When waiting ends in a refusal (start_by, queueTimeout, deadline), monotonic nanoseconds; the greatest value if never.</summary>
    public long ExpiresAt { get; }

    public PermitState State { get; set; }

    public Permit? Next { get; set; }

    public Permit? Previous { get; set; }

    /// <summary>The limits it holds a place in, beside those of its key.</summary>
    public Checkpoint[] Taken { get; set; } = [];

    public Checkpoint[] TakenOfKey { get; set; } = [];

    /// <summary>The key to send with; null where the API has no keys.</summary>
    public PoolKey? Key { get; set; }

    public long GrantedAt { get; set; }

    public long SentAt { get; set; }

    /// <summary>What held it longest, for the result and the log; null if it did not wait.</summary>
    public Constraint? HeldBy { get; set; }

    public CancellationTokenRegistration Registration { get; set; }

    /// <summary>Takes a place in every limit and of the key, all at once.</summary>
    public void Take(PoolKey? key, long now)
    {
        (State, GrantedAt, Key, Taken, TakenOfKey) = (PermitState.Granted, now, key, Lane.Gate.Checkpoints, key?.Scope.Checkpoints ?? []);
        ForEach((now, 0L), static (state, units, it) =>
        {
            if (state is HoldState hold)
                hold.Granted(it.Item1);
            state.Take(units);
        });
        if (key is not null)
            Lane.Gate.Keys!.Touch(key, now);
        if (Lane.Gate.SendsAtGrant)
            Send(now);
    }

    public void Send(long at)
    {
        if (State != PermitState.Granted)
            return;
        (State, SentAt) = (PermitState.Sent, at);
        ForEach((at, 0L), static (state, units, it) => state.Sent(units, it.Item1));
    }

    public void Answer(long now)
    {
        if (State != PermitState.Sent)
            return;
        State = PermitState.Answered;
        ForEach((SentAt, now), static (state, units, it) => state.Answered(units, it.Item1, it.Item2));
    }

    /// <summary>Ends an answered attempt, settling units other than requests at what they came to; without an amount, at what was declared.</summary>
    public void End(Cost? actual, long now)
    {
        if (State != PermitState.Answered)
            return;
        State = PermitState.Ended;
        ForEach((actual, now), static (state, units, it) =>
        {
            state.Settle(units, it.Item1?.In(state.Limit.Unit) ?? units, it.Item2);
            state.Ended(units, isAborted: false, it.Item2);
        });
    }

    /// <summary>Ends a sent attempt of which nobody knows whether, or when, it arrived; or whose body was cut off.</summary>
    public void Lose(long now)
    {
        if (State is not (PermitState.Sent or PermitState.Answered))
            return;
        var wasAnswered = State == PermitState.Answered;
        State = PermitState.Ended;
        ForEach((this, now), static (state, units, it) =>
        {
            state.Forfeit(units, it.Item2);
            state.Ended(units, isAborted: true, it.Item2);
        });
        if (!wasAnswered)
            ForEach((SentAt, now), static (state, units, it) => state.Lost(units, it.Item1, it.Item2));
    }

    /// <summary>Nothing was sent: nothing happened.</summary>
    public void GiveBack()
    {
        if (State != PermitState.Granted)
            return;
        State = PermitState.Ended;
        ForEach(0, static (state, units, _) => state.Return(units));
    }

    public ValueTask<Permit> Task => new(this, _source.Version);

    public void Complete() => _source.SetResult(this);

    public void Fail(Exception error) => _source.SetException(error);

    public Permit GetResult(short token) => _source.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    private void ForEach<T>(T argument, Action<LimitState, long, T> act)
    {
        foreach (var checkpoint in Taken)
            if (checkpoint.UnitsOf(Lane.Cost) is var units and > 0)
                act(checkpoint.State, units, argument);
        foreach (var checkpoint in TakenOfKey)
            if (checkpoint.UnitsOf(Lane.Cost) is var units and > 0)
                act(checkpoint.State, units, argument);
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
