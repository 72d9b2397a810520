namespace Headgate.Gates;

/// <summary>Who was granted or refused, to be told outside the lock. The lists are used again.</summary>
internal sealed class Told
{
    /// <summary>Lists that grew beyond this, in a burst, are not kept.</summary>
    private const int MostKept = 1024;

    public List<Permit> Granted { get; } = [];

    public List<(Permit Permit, RefusedException Why)> Refused { get; } = [];

    public bool IsEmpty => Granted.Count == 0 && Refused.Count == 0;

    public bool IsWorthKeeping => Granted.Capacity <= MostKept && Refused.Capacity <= MostKept;

    /// <summary>Tells everybody. What awaits them runs elsewhere, not on this thread.</summary>
    public void Tell()
    {
        foreach (var permit in Granted)
        {
            permit.Registration.Unregister();
            permit.Complete();
        }
        foreach (var (permit, why) in Refused)
        {
            permit.Registration.Unregister();
            permit.Refuse(why);
        }
        Granted.Clear();
        Refused.Clear();
    }
}
