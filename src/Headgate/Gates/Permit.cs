using System.Threading.Tasks.Sources;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

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
/// The right to send one attempt: first the place in the gate's queue, then the hold on every limit, the key and the proxy, until the attempt has ended.
/// Owned by the lock of its dispatcher, but for awaiting it.
/// </summary>
internal class Permit : IValueTaskSource<Permit>
{
    /// <summary>Its place among those whose waiting ends at a time; -1 while it does not.</summary>
    public int Place = -1;

    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };

    public Permit(Cost cost, long expiresAt) => (Cost, ExpiresAt) = (cost, expiresAt);

    /// <summary>Set once, when it enters the gate.</summary>
    public Lane Lane { get; set; } = null!;

    public Cost Cost { get; }

    public long EnqueuedAt { get; set; }

    /// <summary>When waiting ends in a refusal (start_by, queueTimeout, deadline), monotonic nanoseconds; the greatest value if never.</summary>
    public long ExpiresAt { get; }

    public PermitState State { get; set; }

    /// <summary>Of the limits that let it go; see <see cref="LimitEras"/>.</summary>
    public ushort Era { get; set; }

    /// <summary>The one behind it in its lane, while it waits; then the next of those under way.</summary>
    public Permit? Next { get; set; }

    public Permit? Previous { get; set; }

    /// <summary>The limits it holds a place in, beside those of its key.</summary>
    public Checkpoint[] Taken { get; set; } = [];

    public Checkpoint[] TakenOfKey { get; set; } = [];

    /// <summary>The key to send with; null where the API has no keys.</summary>
    public PoolKey? Key { get; set; }

    /// <summary>The proxy to send through, chosen at the grant; null where the API is reached without.</summary>
    public ProxyOutlet? Proxy { get; private set; }

    /// <summary>The limits of its exit that it holds a place in.</summary>
    public Checkpoint[] TakenOfProxy { get; set; } = [];

    /// <summary>A body was read to its end.</summary>
    public bool BringsBody { get; set; }

    /// <summary>Its time was over before its end.</summary>
    public bool RanOut { get; set; }

    public long GrantedAt { get; set; }

    public long SentAt { get; set; }

    /// <summary>Where it counts although it has ended, until what came of it is recorded; null if its end is all there is to it.</summary>
    public ConcurrencyCap? Keeper { get; set; }

    /// <summary>It was sent and has ended, and its place is kept.</summary>
    public bool IsKept { get; private set; }

    /// <summary>What held it longest, for the result and the log; null if it did not wait.</summary>
    public Constraint? HeldBy { get; set; }

    public CancellationTokenRegistration Registration { get; set; }

    public ValueTask<Permit> Task => new(this, _source.Version);

    protected short Version => _source.Version;

    /// <summary>Whether what is sent by it counts in a scope.</summary>
    public bool CountsIn(Scope scope) => Key?.Scope == scope || Proxy?.Scope == scope || Lane.Gate.Scopes.Contains(scope);

    /// <summary>Takes a place in every limit, of the key and of the proxy, all at once.</summary>
    public void Take(PoolKey? key, ProxyOutlet? proxy, long now)
    {
        var gate = Lane.Gate;
        (State, GrantedAt, Key) = (PermitState.Granted, now, key);
        gate.UnderWay?.Add(this);
        if (!Cost.TakesNothing)
            (Taken, TakenOfKey) = (gate.Checkpoints, key?.Scope.Checkpoints ?? []);
        Places.Take(Taken, Cost, now);
        Places.Take(TakenOfKey, Cost, now);
        if (key is not null)
        {
            key.Taken++;
            gate.Keys!.Touch(key, now);
        }
        if (proxy is not null)
            Take(proxy, now);
        if (!gate.SendsAtGrant)
            return;
        Send(now);
        if (Places.Keep(Taken, Cost))
            gate.Leases++;
    }

    private void Take(ProxyOutlet proxy, long now)
    {
        Proxy = proxy;
        if (!Cost.TakesNothing)
            TakenOfProxy = proxy.Scope.Checkpoints;
        Places.Take(TakenOfProxy, Cost, now);
        proxy.TakeNeedsLock(Lane.Gate.Proxies!.Pool);
    }

    public void Send(long at)
    {
        if (State != PermitState.Granted)
            return;
        (State, SentAt) = (PermitState.Sent, at);
        Places.Send(Taken, Cost, at);
        Places.Send(TakenOfKey, Cost, at);
        Places.Send(TakenOfProxy, Cost, at);
    }

    public void Answer(long now)
    {
        if (State != PermitState.Sent)
            return;
        State = PermitState.Answered;
        Places.Answer(Taken, Cost, SentAt, now);
        Places.Answer(TakenOfKey, Cost, SentAt, now);
        Places.Answer(TakenOfProxy, Cost, SentAt, now);
    }

    /// <summary>Ends an answered attempt, settling units other than requests at what they came to; without an amount, at what was declared.</summary>
    public void End(Cost? actual, long now)
    {
        if (State != PermitState.Answered)
            return;
        Finish();
        Places.End(Taken, Cost, actual, SentAt, now);
        Places.End(TakenOfKey, Cost, actual, SentAt, now);
        Places.End(TakenOfProxy, Cost, actual, SentAt, now);
        Keep();
    }

    /// <summary>Ends a sent attempt of which nobody knows whether, or when, it arrived; or whose body was cut off.</summary>
    public void Lose(long now)
    {
        if (State is not (PermitState.Sent or PermitState.Answered))
            return;
        var wasAnswered = State == PermitState.Answered;
        Finish();
        Places.Lose(Taken, Cost, SentAt, wasAnswered, now);
        Places.Lose(TakenOfKey, Cost, SentAt, wasAnswered, now);
        Places.Lose(TakenOfProxy, Cost, SentAt, wasAnswered, now);
        Lane.Gate.UnderWay?.Lose(new LostPermit(this, wasAnswered, now, now + Lane.Gate.LongestStraggle));
        Keep();
    }

    /// <summary>What came of it is recorded, or it is tried again: a death would send nothing again for its sake.</summary>
    public void LetGo()
    {
        if (!IsKept)
            return;
        IsKept = false;
        Keeper!.LetGo();
    }

    /// <summary>Nothing was sent: nothing happened.</summary>
    public void GiveBack()
    {
        if (State != PermitState.Granted)
            return;
        Finish();
        Places.Return(Taken, Cost);
        Places.Return(TakenOfKey, Cost);
        Places.Return(TakenOfProxy, Cost);
    }

    private void Finish()
    {
        State = PermitState.Ended;
        Lane.Gate.UnderWay?.Remove(this);
        Proxy?.EndNeedsLock(Lane.Gate.Proxies!.Pool);
    }

    private void Keep()
    {
        if (Keeper is not { } keeper)
            return;
        IsKept = true;
        keeper.Keep();
    }

    public void Complete() => _source.SetResult(true);

    /// <summary>The gate refused it; awaiting it throws, unless whoever asked would rather be told otherwise.</summary>
    public virtual void Refuse(RefusedException why) => _source.SetException(why);

    /// <summary>Its caller gave up.</summary>
    public void Cancel(CancellationToken token) => _source.SetException(new TaskCanceledException(null, null, token));

    public Permit GetResult(short token)
    {
        _source.GetResult(token);
        return this;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
