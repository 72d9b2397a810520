namespace Headgate.App.Simulator.Models;

/// <summary>A limit of an amount in a window, which can become another one on the way.</summary>
/// <param name="amount">How much, at first.</param>
internal abstract class AmountModel(long amount) : ServerModel
{
    protected long Amount { get; private set; } = amount;

    public sealed override double Allowed => Amount;

    public sealed override long Room => Amount;

    public sealed override bool Change(Headgate.Limits.Limit to, long now)
    {
        Amount = to.Amount;
        return true;
    }
}
